"""Health checks from the runbook: probed when due; alerts are raised and ended as their state changes.

`checks` is the round, `probing` one look, `health` answers people's questions, `alarms` turns failing checks into
alerts.
"""
