"""What people are asked for: tasks in an incident, checklists, and work of the runbook that comes round.

Others ask `incident_tasks` (give, done, more time, hand over), `checklists` (begin, tick, waive), `recurring` (what is
due, overdue, done) and `recurring_files` (a month of it). How these are posted, and when somebody is reminded, is
nobody else's business.
"""
