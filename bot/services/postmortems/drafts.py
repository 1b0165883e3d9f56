"""A post-mortem as a document: what people wrote, with the stored facts beside it and nothing guessed."""

from dataclasses import replace
from typing import Any

from bot.clock import Clock
from bot.domain.errors import NotFound
from bot.domain.postmortems.document import Document
from bot.domain.postmortems.sections import SECTIONS
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.services.postmortems.downtime import outages
from bot.services.postmortems.gathered import Gathered
from bot.services.records.gathering import gather
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.words.documents import OwnDocument
from bot.words.sandbox import BrokenTemplate

MOST_ALERTS = 200


class Drafts:
    """Renders with the organisation's own template if there is one, otherwise with the shipped one."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, people: People, rendering: Rendering, own: OwnDocument
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._rendering = rendering
        self._own = own

    async def document(self, incident_id: int, version: int) -> str:
        """The document in Markdown, with the text of this version. Raises NotFound.

        If the organisation's template fails, uses the shipped one, which then begins with the error.
        """
        facts = (await self._facts(await self._gathered(incident_id, version))).by_name
        broken = None
        if self._own.is_there:
            try:
                return self._own.words(facts)
            except BrokenTemplate as error:
                broken = str(error)
        return self._rendering.say("markdown/postmortem", broken=broken, **facts)

    async def _gathered(self, incident_id: int, version: int) -> Gathered:
        """Read everything in one transaction, as of one instant."""
        async with self._db.transaction() as conn:
            record = await gather(conn, await incidents.get(conn, incident_id))
            if record.postmortem is None:
                raise NotFound(f"{record.incident.ref} has no post-mortem.")
            update_every = self._runbook.severity_as_declared(record.incident.severity).update_every
            found = Gathered(
                record, next((one for one in record.versions if one.number == version), None), update_every
            )
            begins, ends, now = record.incident.milestones.started, found.ended_at, self._clock.now()
            return replace(found, outages=await outages(conn, self._runbook.health, begins, ends, now=now))

    async def _facts(self, found: Gathered) -> Document:
        incident, owed, times = found.record.incident, found.record.postmortem, found.record.incident.milestones
        assert owed is not None
        called = {who: await self._people.called(who) for who in sorted(found.people)}
        severity = self._runbook.severity_as_declared(incident.severity)
        sections: dict[str, Any] = {**dict.fromkeys(SECTIONS, ""), **(found.written.sections if found.written else {})}
        sections["summary"] = sections["summary"] or incident.summary or ""
        sections["impact"] = sections["impact"] or incident.impact or ""

        shown = tuple(found.record.alerts[:MOST_ALERTS])
        left_out = found.record.alerts_left_out + len(found.record.alerts) - len(shown)

        def name(who: str) -> str:
            return called.get(who, who)

        return Document(
            ref=incident.ref, title=incident.title, drill=incident.drill, organisation=self._runbook.organisation,
            severity_id=severity.id, severity_name=severity.name, owner=name(owed.owner),
            state=owed.state.replace("_", " "), version=owed.version if found.written is None else found.written.number,
            author=name(found.written.author) if found.written else None, started=times.started,
            detected=times.detected, declared=times.declared, declared_by=name(incident.declared_by),
            acknowledged=times.acknowledged, mitigated=times.mitigated, resolved=times.resolved,
            resolved_by=name(incident.resolved_by) if incident.resolved_by else None,
            lasted=incident.lasted(times.started, found.ended_at), closed_for=incident.closed_for,
            roles={role: name(who) for role, who in incident.roles.items()},
            timeline=found.timeline(name), phases=found.phases(name), downtime=found.downtime(),
            pages=found.pages(name), updates=found.updates(), promises=found.kept(), gaps=found.gaps(name),
            alerts=shown, alerts_left_out=left_out, actions=found.actions(name), **sections,
        )  # fmt: skip
