"""An incident as JSON for other programs: one function for each section, from the incident's record."""

from datetime import UTC, datetime
from typing import Any

from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.domain.procedures.run import Run, Step, Tick
from bot.domain.tasks.checklist import Item
from bot.domain.tasks.task import Task
from bot.services.records.gathering import IncidentRecord
from bot.store.incidents.incidents import Entry
from bot.store.updates.tellings import Telling


def in_short(incident: Incident, *, whole: bool = False) -> dict[str, Any]:
    """The main fields. A private incident shows only its existence, severity and progress, without title, room or
    people, unless `whole`."""
    hidden = incident.private and not whole
    milestones = incident.milestones
    return {
        "ref": incident.ref,
        "title": "Private incident" if hidden else incident.title,
        **({"private": True} if incident.private else {}),
        "severity": incident.severity,
        "status": incident.status,
        "drill": incident.drill,
        "started_at": instant(milestones.started),
        "detected_at": instant(milestones.detected),
        "declared_at": instant(incident.declared_at),
        "acknowledged_at": instant(incident.acknowledged_at),
        "acknowledged_by": None if hidden else incident.acknowledged_by,
        "mitigated_at": instant(milestones.mitigated),
        "resolved_at": instant(incident.resolved_at),
        "channel": {"id": incident.room_id, "name": incident.room_name} if incident.room_id and not hidden else None,
        "lead": None if hidden else incident.lead,
    }


def in_full(record: IncidentRecord, *, whole: bool = False) -> dict[str, Any]:
    """All sections. They are empty for a private incident, unless `whole`; `incident_whole` has more."""
    hidden = record.incident.private and not whole
    shown = IncidentRecord(record.incident) if hidden else record
    timeline = [_entry(entry) for entry in shown.timeline]
    return {
        **in_short(record.incident, whole=whole),
        "impact": None if hidden else record.incident.impact,
        "timeline": timeline,
        "pages": [_page(page) for page in shown.pages],
        "updates": [entry for entry in timeline if entry["kind"] == "update"],
        "tasks": [_task(task) for task in shown.tasks],
        "checklists": {name: [box(one) for one in found.items] for name, found in shown.checklists.items()},
        "procedures": [_procedure(run) for run in shown.procedures],
        "actions": _actions(shown),
        "postmortem": _postmortem(shown),
        "tellings": [_telling(telling) for telling in shown.tellings],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {"at": instant(entry.at), "actor": entry.actor, "kind": entry.kind, "text": entry.text}


def _page(page: Page) -> dict[str, Any]:
    """`tier` is null when a person was called by hand."""
    return {
        "tier": page.tier,
        "person": page.person,
        "via": page.via,
        "state": page.state,
        "may_have_been_accepted": page.is_unknown,
        "attempts": page.attempts,
        "reference": page.reference,
        "error": page.error,
        "due_at": instant(page.due_at),
        "accepted_at": instant(page.accepted_at),
    }


def _telling(telling: Telling) -> dict[str, Any]:
    """`sent_at` is null while no provider has accepted it, `approved_by` when no approval was needed."""
    return {
        "audience": telling.audience,
        "moment": telling.moment,
        "state": telling.state,
        "sent_at": instant(telling.sent_at),
        "approved_by": telling.approved_by,
    }


def _task(task: Task) -> dict[str, Any]:
    """`due_at` is null when nobody set a time."""
    return {
        "what": task.what,
        "owner": task.owner,
        "due_at": instant(task.due_at),
        "done_at": instant(task.done_at),
        "done_by": task.done_by,
    }


def box(item: Item) -> dict[str, Any]:
    """`due_at` is null when it has no particular time."""
    return {
        "what": item.what,
        "due_at": instant(item.due_at),
        "done_at": instant(item.done_at),
        "done_by": item.done_by,
    }


def _procedure(run: Run) -> dict[str, Any]:
    """A step that was skipped, or bypassed by an answer, counts as not done."""
    ticks = run.standing.ticks
    steps = [(step, ticks.get(index)) for index, step in enumerate(run.steps)]
    return {"key": run.key, "steps": [_step(step, tick) for step, tick in steps]}


def _step(step: Step, tick: Tick | None) -> dict[str, Any]:
    done = tick if tick and tick.deed != "skipped" else None
    return {
        "what": step.text,
        "done_at": instant(done.at if done else None),
        "done_by": done.by if done else None,
        "answer": done.said if done and done.deed == "answered" else None,
    }


def _actions(record: IncidentRecord) -> list[dict[str, Any]]:
    """`[{what, owner, due_at, done_at, link}]`"""
    return [
        {
            "what": action.what,
            "owner": action.owner,
            "due_at": instant(action.by_at),
            "done_at": instant(action.done_at),
            "link": action.link,
        }
        for action in record.actions
    ]


def _postmortem(record: IncidentRecord) -> dict[str, Any] | None:
    """`{state, owner, draft_due_at, review_due_at, link}`, or null when none is owed."""
    owed = record.postmortem
    if owed is None or owed.withdrawn_at is not None:
        return None
    return {
        "state": owed.state,
        "owner": owed.owner,
        "draft_due_at": instant(owed.draft_due_at),
        "review_due_at": instant(owed.review_due_at),
        "link": record.postmortem_link,
    }


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
