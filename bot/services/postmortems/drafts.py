"""A post-mortem as a document: what people wrote, and beside it what is stored, without guesswork."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.errors import NotFound
from bot.domain.incidents.deadline import Deadline
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.domain.postmortems.gaps import Gap, silences, unanswered
from bot.domain.postmortems.sections import SECTIONS
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.records.gathering import IncidentRecord, gather
from bot.store.database import Database
from bot.store.incidents import deadlines, incidents
from bot.store.incidents.incidents import Entry
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems

# An update, and whatever else says how it stands.
WORDS = ("update", "status", "severity", "told")


@dataclass(frozen=True)
class PagedPerson:
    """One page, and when the person it went to acknowledged; None: they did not."""

    page: Page
    answered_at: datetime | None


class Drafts:
    """Reads everything in one transaction, so that the document is of one instant."""

    def __init__(self, db: Database, runbook: Runbook, rendering: Rendering) -> None:
        self._db = db
        self._runbook = runbook
        self._rendering = rendering

    async def document(self, incident_id: int, version: int) -> str:
        """Markdown, with the words of this version. Raises NotFound."""
        async with self._db.transaction() as conn:
            record = await gather(conn, await incidents.get(conn, incident_id))
            facts = await self._facts(conn, record, version)
        return self._rendering.say("documents/postmortem", **facts)

    async def _facts(self, conn: Connection, record: IncidentRecord, version: int) -> Mapping[str, Any]:
        incident = record.incident
        postmortem = await postmortems.get(conn, incident.id)
        if postmortem is None:
            raise NotFound(f"{incident.ref} has no post-mortem.")
        written = await postmortems.version(conn, incident.id, version)
        severity = self._runbook.severity_as_declared(incident.severity)
        ended_at = incident.resolved_at or postmortem.since
        return {
            "incident": incident,
            "severity": severity,
            "postmortem": postmortem,
            "written": written,
            "sections": {**dict.fromkeys(SECTIONS, ""), **(written.sections if written else {})},
            "milestones": incident.milestones,
            "lasted": ended_at - incident.milestones.started,
            "promises": list(promises_of(incident, await deadlines.of_incident(conn, incident.id))),
            "timeline": record.timeline,
            "paged": paged(record),
            "tellings": record.tellings,
            "actions": record.actions,
            "gaps": gaps_of(record, ended_at, severity.update_every),
        }


def promises_of(incident: Incident, made: Mapping[Any, Deadline]) -> Iterator[tuple[Deadline, bool, datetime | None]]:
    """Each with whether it was kept, and when what was promised came about."""
    for deadline in made.values():
        done_at = incident.acknowledged_at if deadline.kind == "respond" else incident.resolved_at
        yield deadline, done_at is not None and done_at <= deadline.by, done_at


def paged(record: IncidentRecord) -> list[PagedPerson]:
    answers = [entry for entry in record.timeline if entry.kind == "acknowledged"]
    return [PagedPerson(page, _answered(page, answers)) for page in record.pages]


def _answered(page: Page, answers: Sequence[Entry]) -> datetime | None:
    since = page.accepted_at or page.due_at
    return min((one.at for one in answers if one.actor == page.person and one.at >= since), default=None)


def gaps_of(record: IncidentRecord, ended_at: datetime, update_every: Any) -> list[Gap]:
    """Silences and pages that waited, the earliest first."""
    incident = record.incident
    heard = [entry.at for entry in record.timeline if entry.kind in WORDS]
    quiet = silences(heard, incident.declared_at, ended_at, update_every)
    answers = [entry.at for entry in record.timeline if entry.kind in ("acknowledged", "resolved")]
    return sorted([*quiet, *unanswered(record.pages, answers, ended_at)], key=lambda gap: gap.since)
