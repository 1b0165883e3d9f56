"""The doors: where requests come in, and time.

Slack by `slack_app` and `slack_socket`; programs by `web`, which leads to `api`, `intake` (alerts), `acknowledging`
(links) and `switchboard` (telephones); time by `scheduler`. A door knows its protocol, asks a service, and answers.
"""
