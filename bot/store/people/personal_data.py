"""Where the database may hold personal data: every column that can hold words is in one of these lists.

A new column belongs in `HELD` unless it cannot contain a person's name, account, address, number or text.
"""

from collections.abc import Mapping, Sequence

Columns = Mapping[str, Sequence[str]]

# By people's word for it: the columns of each table from which a person is removed.
HELD: Mapping[str, Columns] = {
    "incidents": {
        "incidents": (
            "title", "declared_by", "acknowledged_by", "resolved_by", "summary", "impact", "roles", "facts",
            "room_name", "room_error", "origin",
        ),
        "incident_members": ("person", "changed_by"),
        "injects": ("text",),
        "breaches": ("begun_by", "notified_by", "notified"),
    },
    "timeline": {"timeline": ("actor", "text"), "timeline_changes": ("actor", "what", "was_text", "why")},
    "pages": {
        "escalations": ("policy", "last_called_by"),
        "pages": ("person", "contact", "reason", "reference", "error", "reported"),
        "provider_alerts": ("key",),
    },
    "post-mortems and actions": {
        "postmortems": ("owner", "reasons", "link", "sent_by", "ended_by", "reason"),
        "postmortem_versions": ("author", "sections"),
        "actions": ("what", "owner", "link", "created_by", "done_by"),
    },
    "tasks, checklists and procedures": {
        "tasks": ("what", "owner", "asked_by", "done_by"),
        "checklists": ("waived_by", "waived_why"),
        "checklist_items": ("what", "done_by"),
        "occurrences": ("what", "done_by", "evidence"),
        "procedure_runs": ("title", "steps", "started_by"),
        "procedure_ticks": ("account", "by", "said", "undone_by"),
    },
    "updates": {
        "stakeholder_updates": (
            "subject", "text", "author", "decided_by", "error", "author_account", "overruled", "overruled_for",
        ),
        "update_deliveries": ("address", "reference", "error"),
        "status_pages": ("error",),
    },
    "alerts and silences": {
        "alerts": (
            "fingerprint", "title", "description", "url", "runbook_url", "labels", "source_group", "told_by", "links",
            "image", "measured",
        ),
        "alert_groups": ("key", "acknowledged_by", "silenced_by", "closed_by"),
        "alert_deliveries": ("body",),
        "alert_disputes": ("fingerprint", "told_by", "alert"),
        "alert_endings": ("fingerprint", "told_by"),
        "silences": ("key", "matches", "shown", "author", "reason", "ended_by"),
    },
    "maintenance": {
        "maintenance": ("what", "matches", "shown", "author", "author_account", "ended_by", "reason"),
        "maintenance_entries": ("actor", "text"),
    },
    "backups": {
        "backups": ("started_by", "error"),
        "backup_drills": ("started_by", "error"),
        "backup_leftovers": ("why",),
        "backup_restores": (
            "asked_by", "decided_by", "reason", "safety_error", "error", "asked_account", "overruled", "unheld",
        ),
    },
    "shifts": {
        "covers": ("person", "made_by", "ended_by"),
        "cover_requests": ("asked_by", "taken_by", "withdrawn_by"),
        "handovers": ("person",),
        "shift_notes": ("note_by", "note"),
    },
    "checks": {"checks": ("value", "reason"), "check_looks": ("value", "reason")},
    "messages sent": {
        "outbox": ("payload", "reference", "error"), "limited_ways": ("said",), "prompts": ("asking", "answered"),
    },
    "audit": {"audit": ("actor", "subject", "facts")},
}  # fmt: skip

# Columns that identify a row and may have to be unique: cleared, deleted or renamed by one statement for each table.
OWN: Mapping[str, Columns] = {
    "timeline": {"timeline": ("key",)},
    "maintenance": {"maintenance_entries": ("key",)},
    "messages sent": {"outbox": ("key", "lane"), "cards": ("key", "channel")},
    "requests": {"requests": ("body", "error")},
    "accounts and numbers": {"identities": ("person", "name", "email", "slack_id"), "stopped_numbers": ("phone",)},
    "shifts": {"shift_reminders": ("person",)},
    "app home": {"home_viewers": ("account", "name")},
}

# Names from the runbook and of what is watched, states, and identifiers of providers and machines.
NO_PERSON: Columns = {
    "actions": ("priority",),
    "alert_deliveries": ("source", "key"),
    "alert_disputes": ("source",),
    "alert_endings": ("source",),
    "alert_originals": ("source", "digest"),
    "alert_groups": ("source", "told"),
    "alert_sightings": ("rule",),
    "alerts": ("source", "severity", "level", "declares", "procedure"),
    "audit": ("deed",),
    "backup_drill_plans": ("name",),
    "backup_drills": ("name", "state", "stage", "scratch", "lost", "place"),
    "backup_leftovers": ("scratch", "name"),
    "backup_objectives": ("name",),
    "backup_plans": ("name",),
    "backup_restores": ("name", "state", "stage", "scratch", "aside", "prospect", "lost", "server_running"),
    "backups": (
        "name", "state", "place", "file", "machine", "sha256", "tool", "server", "counts", "counted", "source",
    ),
    "cards": ("ts", "digest"),
    "channels": ("name", "slack_id", "closed"),
    "channels_missing": ("name", "why"),
    "check_looks": ("check_name", "state"),
    "checklists": ("name",),
    "checks": ("name", "believed", "recent", "state"),
    "cover_requests": ("schedule",),
    "covers": ("schedule",),
    "deadlines": ("kind", "severity"),
    "ended_deadlines": ("kind", "severity"),
    "error_counts": ("fingerprint",),
    "escalations": ("state", "last_tier"),
    "handovers": ("schedule",),
    # What identifies somebody, until they are removed completely.
    "forgotten_people": ("identity",),
    "heartbeats": ("name",),
    "home_viewers": ("drawn",),
    "incidents": ("severity", "status", "room_id", "room_closed", "request"),
    "injects": ("kind",),
    "keys": ("name", "secret", "former"),
    "limited_ways": ("way",),
    "maintenance": ("audiences", "components", "state"),
    "migrations": ("name",),
    "nudges": ("kind",),
    "occurrences": ("task", "every"),
    "outbox": ("kind", "state", "holder", "way"),
    "pages": ("tier", "via", "state"),
    "postmortems": ("state", "canvas"),
    "procedure_runs": ("key",),
    "procedure_ticks": ("deed", "opens"),
    "prompts": ("about",),
    "provider_alerts": ("via", "state"),
    "recurring_tasks": ("key",),
    "requests": ("key", "kind", "holder"),
    "shift_reminders": ("schedule",),
    "shift_notes": ("schedule",),
    "silences": ("source",),
    "stakeholder_updates": ("audience", "moment", "status", "state", "severity"),
    "status_pages": ("audience", "feed"),
    "timeline": ("kind",),
    "update_deliveries": ("via", "state"),
    "update_reminders": ("audience", "stage"),
}  # fmt: skip
