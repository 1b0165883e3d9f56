"""The doors: where requests come in, and time.

`slack_app` and `slack_socket` receive from Slack; `web` from programs, with `api`, `intake` (alerts), `acknowledging`
(links) and `switchboard` (telephones) behind it; `scheduler` from time. A door knows its protocol, asks a service, and
answers.
"""
