"""Checks: what the runbook wants watched is probed when it is due, and alarms are raised and ended.

`checks` is the round, `probing` one look, `health` the answer to whoever asks; `alarms` hands what is ill to the
alerts.
"""
