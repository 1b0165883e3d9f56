"""The rows of an incident's CSV: one per item, grouped by section."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incidents.milestones import MILESTONES
from bot.domain.incidents.phases import phase_of
from bot.domain.postmortems.sections import SECTIONS
from bot.services.records.gathering import IncidentRecord


@dataclass(frozen=True)
class Row:
    """`at`: when it happened or was done; None: it hasn't. `due`: by when it was to be done; None: no deadline."""

    section: str
    at: datetime | None = None
    phase: str = ""
    actor: str = ""
    kind: str = ""
    text: str = ""
    due: datetime | None = None
    link: str = ""


def rows(record: IncidentRecord) -> Iterator[Row]:
    yield from _facts(record)
    yield from _happened(record)
    yield from _work(record)
    yield from _learned(record)


def _facts(record: IncidentRecord) -> Iterator[Row]:
    incident, breach = record.incident, record.breach
    for name in ("ref", "title", "severity", "status", "impact", "summary"):
        yield Row("incident", kind=name, text=str(getattr(incident, name) or ""))
    yield Row("incident", incident.declared_at, actor=incident.declared_by, kind="declared by")
    for name in ("drill", "private"):
        yield Row("incident", kind=name, text="yes" if getattr(incident, name) else "no")
    yield Row("incident", kind="channel", text=incident.room_name or "")
    for role, who in sorted(incident.roles.items()):
        yield Row("incident", actor=who, kind="role", text=role)
    for milestone in MILESTONES:
        yield Row("milestone", incident.milestones.at(milestone), kind=milestone)
    for promise in record.promises:
        yield Row(
            "promise", promise.done_at, kind=f"{promise.kind}: {promise.outcome}", text=promise.severity, due=promise.by
        )
    if breach:
        yield Row("breach", breach.detected_at, actor=breach.begun_by, kind="detected", due=breach.notify_by)
    if breach and breach.notified_at:
        yield Row(
            "breach", breach.notified_at, actor=breach.notified_by or "", kind="notified", text=breach.notified or ""
        )


def _happened(record: IncidentRecord) -> Iterator[Row]:
    milestones = record.incident.milestones
    for entry in record.timeline:
        yield Row("timeline", entry.at, phase_of(entry.at, milestones) or "", entry.actor, entry.kind, entry.text)
    for hidden in record.hidden:
        yield Row("hidden entry", hidden.at, "", hidden.actor, hidden.kind, hidden.text)
    for change in record.changes:
        was = f"{change.was_at:%Y-%m-%dT%H:%M:%SZ} {change.was_text}"
        yield Row("change", change.at, "", change.actor, change.what, f"{was} ({change.why})" if change.why else was)
    for alert in record.alerts:
        state = "resolved" if alert["until"] else "firing"
        yield Row("alert", alert["since"], phase_of(alert["since"], milestones) or "", "", state, alert["title"])
    if record.alerts_left_out:
        yield Row("alert", record.alerts[-1]["since"], kind="left out", text=f"{record.alerts_left_out} more")
    for page in record.pages:
        state = "not known whether it was sent" if page.is_unknown else page.state
        said = "; ".join(part for part in (page.tier, page.via, state, page.error) if part)
        yield Row("page", page.due_at, phase_of(page.due_at, milestones) or "", page.person, "page", said)
    for telling in record.tellings:
        kind = f"{telling.audience}: {telling.state}"
        yield Row("telling", telling.sent_at, "", telling.author, kind, telling.text)
        if telling.approved_by:
            yield Row("approval", telling.sent_at, "", telling.approved_by, telling.audience, telling.subject)


def _work(record: IncidentRecord) -> Iterator[Row]:
    """Tasks, checklists and procedures, done or not."""
    for task in record.tasks:
        yield Row("task", task.done_at, "", task.done_by or task.owner, _done(task.done_at), task.what, task.due_at)
    for checklist in record.all_checklists:
        for box in checklist.items:
            kind = f"{checklist.name}: {_done(box.done_at)}"
            yield Row("checklist", box.done_at, "", box.done_by or "", kind, box.what, box.due_at)
        if checklist.waived_at:
            kind, why = f"{checklist.name}: left open", checklist.waived_why or ""
            yield Row("checklist", checklist.waived_at, "", checklist.waived_by or "", kind, why)
    for run in record.procedures:
        for index, step in enumerate(run.steps):
            tick = run.standing.ticks.get(index)
            kind = f"{run.key}: {tick.deed if tick else 'not done'}"
            text = f"{step.text} ({tick.said})" if tick and tick.said else step.text
            yield Row("procedure", tick.at if tick else None, "", tick.by if tick else "", kind, text)


def _learned(record: IncidentRecord) -> Iterator[Row]:
    for one in record.actions:
        yield Row("action", one.done_at, "", one.owner, _done(one.done_at), one.what, one.by_at, one.link or "")
    if (owed := record.postmortem) is not None:
        state = "withdrawn" if owed.withdrawn_at else owed.state
        link = record.postmortem_link or ""
        yield Row("post-mortem", owed.ended_at, "", owed.owner, state, owed.reason, owed.review_due_at, link)
    for version in record.versions:
        for name, heading in SECTIONS.items():
            if text := version.sections.get(name):
                kind = f"{heading} (version {version.number})"
                yield Row("post-mortem section", version.at, "", version.author, kind, text)


def _done(at: datetime | None) -> str:
    return "done" if at else "open"
