"""The runbook's procedures, worked through step by step: each has one live message in the incident's room.

`runs` is what people do with the steps, `choice` finds the procedure that fits, `opening` opens one for an alert,
`proving` is the round that ticks steps the bot can verify. `cards` paints the message, `signs` reads the incident's
alerts. Commands use `runs`, `choice` and the buttons of `cards`.
"""
