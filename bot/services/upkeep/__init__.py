"""Upkeep: this process among others. What comes in is stored and taken over, the database and its clock are watched,
and others can see whether we are well.

Doors use `reception` (requests of Slack), `readiness`, `figures`, `watchdog`, `schema` and `timekeeping`. `alone` and
`takeover` belong to the reception, `lifesign` and `outages` to the scheduler's rounds.
"""
