"""Upkeep: this process among others. Stores and takes over incoming requests, watches the database and its clock, and
reports whether this process is well.

Doors use `reception` (Slack's requests), `readiness`, `figures`, `watchdog`, `schema` and `timekeeping`. `alone` and
`takeover` belong to the reception, `lifesign` and `outages` to the scheduler's rounds.
"""
