"""An incident's export: everything the API shows, and the rest."""

from typing import Any

from bot.doors.incident_json import box, in_full, instant
from bot.services.records.gathering import IncidentRecord


def whole(record: IncidentRecord) -> dict[str, Any]:
    """Includes private incidents: permission to read has been checked before."""
    incident = record.incident
    return {
        **in_full(record, whole=True),
        "private": incident.private,
        "declared_by": incident.declared_by,
        "resolved_by": incident.resolved_by,
        "roles": dict(sorted(incident.roles.items())),
        "summary": incident.summary,
        "promises": _promises(record),
        "alerts": _alerts(record),
        "alerts_left_out": record.alerts_left_out,
        "breach": _breach(record),
        "texts": _texts(record),
        "skipped_steps": _skipped(record),
        "closed_checklists": [
            {"name": one.name, "closed_at": instant(one.closed_at), "boxes": [box(item) for item in one.items]}
            for one in record.closed_checklists
        ],
        "postmortem_sections": [{"heading": heading, "text": text} for heading, text in record.written],
        "postmortem_versions": _versions(record),
        **_corrections(record),
    }


def _promises(record: IncidentRecord) -> list[dict[str, Any]]:
    """`outcome`: kept, missed, open; `done_at` is null while it isn't done."""
    return [
        {
            "what": one.kind, "severity": one.severity, "since": instant(one.since), "by": instant(one.by),
            "done_at": instant(one.done_at), "outcome": one.outcome,
        }
        for one in record.promises
    ]  # fmt: skip


def _alerts(record: IncidentRecord) -> list[dict[str, Any]]:
    """`resolved_at` is null while it fires."""
    return [
        {
            "title": one["title"], "level": one["level"], "count": one["count"], "since": instant(one["since"]),
            "resolved_at": instant(one["until"]),
        }
        for one in record.alerts
    ]  # fmt: skip


def _breach(record: IncidentRecord) -> dict[str, Any] | None:
    """Null when it isn't a breach; `notified_at` is null while the authority wasn't notified."""
    one = record.breach
    if one is None:
        return None
    return {
        "detected_at": instant(one.detected_at), "notify_by": instant(one.notify_by), "begun_by": one.begun_by,
        "notified_at": instant(one.notified_at), "notified_by": one.notified_by, "notified": one.notified,
    }  # fmt: skip


def _texts(record: IncidentRecord) -> list[dict[str, Any]]:
    """What each audience read, in the order of `tellings`."""
    return [
        {"audience": one.audience, "author": one.author, "subject": one.subject, "text": one.text}
        for one in record.tellings
    ]


def _skipped(record: IncidentRecord) -> list[dict[str, Any]]:
    """Procedure steps that somebody skipped."""
    return [
        {
            "key": run.key, "what": run.steps[index].text, "skipped_at": instant(tick.at), "skipped_by": tick.by,
            "why": tick.said,
        }
        for run in record.procedures
        for index, tick in sorted(run.standing.ticks.items())
        if tick.deed == "skipped"
    ]  # fmt: skip


def _versions(record: IncidentRecord) -> list[dict[str, Any]]:
    return [
        {"number": one.number, "author": one.author, "at": instant(one.at), "sections": dict(one.sections)}
        for one in record.versions
    ]


def _corrections(record: IncidentRecord) -> dict[str, Any]:
    """Hidden timeline entries, and the former values of changed ones."""
    return {
        "hidden_entries": [
            {"at": instant(one.at), "actor": one.actor, "kind": one.kind, "text": one.text} for one in record.hidden
        ],
        "timeline_changes": [
            {
                "at": instant(one.at), "actor": one.actor, "what": one.what, "was_at": instant(one.was_at),
                "was_text": one.was_text, "why": one.why,
            }
            for one in record.changes
        ],
    }  # fmt: skip
