"""Procedures of the runbook, step by step: one live message each in the incident's room.

`runs` is what people do about their steps, `choice` which procedures fit, `opening` what opens by itself for an alert,
`proving` the round that ticks what can be proved. `cards` paints the message, `signs` is what an incident's alerts say.
Commands use `runs`, `choice` and the buttons of `cards`.
"""
