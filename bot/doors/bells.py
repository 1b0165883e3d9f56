"""The payloads of the database's bell, and which round each wakes."""

# Somebody has migrated the schema.
MIGRATED = "migrations"
# Somebody has noticed that the database's clock was set.
CLOCK = "clock"
# A process's runbook has people that other processes may not know.
PEOPLE = "people"
# Which round a table's bell wakes; any other payload wakes them all.
BELLS = {
    "outbox": "outbox", "limited_ways": "outbox", "escalations": "escalations",
    "alert_groups": "alerts", "alert_disputes": "alerts", "heartbeats": "heartbeats", "checks": "checks",
    "covers": "handovers", "handovers": "handovers", "cover_requests": "cover requests", "night_looks": "night pages",
    "backup_plans": "backups", "backup_drill_plans": "backup drills", "backup_restores": "backup restores",
    "deadlines": "deadlines", "inactivity": "inactivity", "nudges": "nudges", "breaches": "breaches",
    "watches": "watches", "room_archives": "room archives", "injects": "game days",
    "update_reminders": "reminders", "maintenance": "maintenance",
    "procedure_runs": "procedures", "tasks": "tasks", "checklist_items": "checklists",
    "recurring_tasks": "recurring tasks", "occurrences": "recurring tasks",
    "postmortems": "post-mortems", "actions": "actions", "action_lists": "action lists",
}  # fmt: skip
