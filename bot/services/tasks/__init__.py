"""What people are asked to do: tasks in an incident, checklists, and the runbook's recurring tasks.

Others use `incident_tasks` (give, done, more time, hand over), `checklists` (begin, tick, waive), `recurring` (what is
due, overdue, done) and `recurring_files` (a month of it). How these are posted, and when somebody is reminded, is
private to this room.
"""
