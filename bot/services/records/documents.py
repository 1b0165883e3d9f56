"""The whole of an incident as a document: Markdown for people, CSV for spreadsheets."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO
from typing import Any

from bot.domain.incidents.milestones import MILESTONES
from bot.domain.incidents.phases import by_phase, phase_of
from bot.domain.text import no_formula
from bot.rendering import Rendering
from bot.services.records.gathering import IncidentRecord
from bot.store.incidents.entries import KeptEntry
from bot.store.incidents.incidents import Entry

Row = tuple[str, datetime | None, str, str, str, str]
COLUMNS = ("section", "at", "phase", "actor", "kind", "text")


class Documents:
    """The same record gives the same document, to the letter."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def markdown(self, record: IncidentRecord) -> str:
        return self._rendering.say("markdown/incident", **facts(record)) + "\n"

    def table(self, record: IncidentRecord) -> str:
        """CSV: a row for everything there is, by section; times are RFC 3339 in UTC."""
        out = StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in _rows(record):
            writer.writerow([_cell(value) for value in row])
        return out.getvalue()


def facts(record: IncidentRecord) -> Mapping[str, Any]:
    milestones = record.incident.milestones
    entries: list[Entry | KeptEntry] = [*record.timeline, *record.hidden]
    return {
        "incident": record.incident,
        "milestones": milestones,
        "names": MILESTONES,
        "phases": by_phase(record.timeline, milestones),
        "record": record,
        "entries": {entry.id: entry for entry in entries},
    }


def _rows(record: IncidentRecord) -> Iterator[Row]:
    incident, milestones = record.incident, record.incident.milestones
    for name in ("ref", "title", "severity", "status", "impact", "summary"):
        yield "incident", None, "", "", name, str(getattr(incident, name) or "")
    for role, who in sorted(incident.roles.items()):
        yield "incident", None, "", who, "role", role
    for milestone in MILESTONES:
        yield "milestone", milestones.at(milestone), "", "", milestone, ""
    for entry in record.timeline:
        yield "timeline", entry.at, phase_of(entry.at, milestones) or "", entry.actor, entry.kind, entry.text
    for hidden in record.hidden:
        yield "hidden entry", hidden.at, "", hidden.actor, hidden.kind, hidden.text
    for change in record.changes:
        was = f"{change.was_at:%Y-%m-%dT%H:%M:%SZ} {change.was_text}"
        yield "change", change.at, "", change.actor, change.what, f"{was} ({change.why})" if change.why else was
    for page in record.pages:
        said = "; ".join(part for part in (page.tier, page.via, page.state, page.error) if part)
        yield "page", page.due_at, phase_of(page.due_at, milestones) or "", page.person, "page", said
    yield from _work(record)


def _work(record: IncidentRecord) -> Iterator[Row]:
    """What people were told, asked and promised."""
    for telling in record.tellings:
        yield "telling", telling.sent_at, "", telling.author, f"{telling.audience}: {telling.state}", telling.text
    for task in record.tasks:
        yield "task", task.done_at, "", task.done_by or task.owner, "done" if task.done_at else "open", task.what
    for run in record.procedures:
        for index, step in enumerate(run.steps):
            tick = run.standing.ticks.get(index)
            yield "procedure", tick.at if tick else None, "", tick.by if tick else "", run.key, step.text
    for action in record.actions:
        yield "action", action.done_at, "", action.owner, "done" if action.done_at else "open", action.what
    if (owed := record.postmortem) is not None and owed.withdrawn_at is None:
        yield "post-mortem", owed.ended_at, "", owed.owner, owed.state, owed.link or owed.reason


def _cell(value: str | datetime | None) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return no_formula(value or "")
