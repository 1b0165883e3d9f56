"""The life of an incident: every deed is one transaction, with its actor in the timeline."""

from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.incidents.deadline import KINDS
from bot.domain.incidents.incident import (
    Incident,
    must_be_open,
    must_be_resolved,
    must_not_be_resolved_twice,
    number_of,
    status_of,
)
from bot.runbook import Runbook
from bot.services.paging.ladder_runs import LadderRuns
from bot.services.people.permissions import Permissions
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.store.database import Database
from bot.store.incidents import deadlines, incidents
from bot.store.pipelined import Connection


class Incidents:
    """Changes, resolves, reopens and finds incidents."""

    def __init__(
        self, db: Database, runbook: Runbook, permissions: Permissions, runs: LadderRuns, posts: Posts, deeds: Deeds
    ) -> None:
        self._db = db
        self._runbook = runbook
        self._permissions = permissions
        self._runs = runs
        self._posts = posts
        self._deeds = deeds

    async def set_severity(self, actor: Actor, incident_id: int, severity: str, why: str = "") -> Incident:
        """Change the severity. Lowering needs a reason. Raises Refused, AlreadyDone."""
        self._permissions.must(actor, "incident.severity")
        new = self._runbook.severity(severity)
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "change its severity")
            ranks = [one.id for one in self._runbook.severities]
            # A severity removed from the runbook ranks below all others.
            rank = ranks.index(incident.severity) if incident.severity in ranks else len(ranks)
            raised = ranks.index(new.id) < rank
            if new.id == incident.severity:
                raise AlreadyDone(f"{incident.ref} is {new.id} already.")
            if not raised and not why.strip():
                raise Refused(f"Lowering the severity needs a reason: `/incident severity {new.id} <why>`.")
            await incidents.set_severity(conn, incident.id, new.id)
            words = f"{incident.severity} → {new.id}" + (f" ({why.strip()})" if why.strip() else "")
            await incidents.write(conn, incident.id, "severity", words, actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            if raised and not incident.is_acknowledged:
                await self._runs.start_again(conn, changed)
            await self._posts.above_cards(
                conn, incident, "severity", incident=changed, before=incident.severity, actor=actor.name, why=why
            )
            await self._deeds.show(conn, changed, "severity")
        return changed

    async def set_status(self, actor: Actor, incident_id: int, word: str) -> Incident:
        """Set the status; `resolved` resolves the incident."""
        status = status_of(word)
        if status == "resolved":
            return await self.resolve(actor, incident_id)
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "change its status")
            if incident.status == status:
                raise AlreadyDone(f"{incident.ref} is {status} already.")
            await incidents.set_status(conn, incident.id, status, now)
            await incidents.write(conn, incident.id, "status", status, actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._posts.in_room(conn, incident, "status", incident=changed, actor=actor.name)
            await self._deeds.show(conn, changed, "status")
        return changed

    async def resolve(self, actor: Actor, incident_id: int, summary: str = "") -> Incident:
        """End the incident: paging stops at once, and it counts as acknowledged. Raises AlreadyDone the second time."""
        self._permissions.must(actor, "incident.resolve")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_not_be_resolved_twice(incident)
            await incidents.acknowledge(conn, incident.id, actor.name, now)
            await incidents.resolve(conn, incident.id, actor.name, summary.strip() or None, now)
            await incidents.write(conn, incident.id, "resolved", summary.strip(), actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._runs.stop(conn, changed)
            await self._posts.above_cards(conn, incident, "resolved", incident=changed, actor=actor.name)
            await self._deeds.show(conn, changed, "resolved")
        return changed

    async def reopen(self, actor: Actor, incident_id: int, why: str = "") -> Incident:
        """Reopen the incident; its ladder starts from the first step."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            return await self.reopen_within(conn, incident, actor, why, now)

    async def reopen_within(
        self, conn: Connection, incident: Incident, actor: Actor, why: str, now: datetime
    ) -> Incident:
        """`reopen` inside the caller's transaction, with the incident locked."""
        must_be_resolved(incident)
        await deadlines.end(conn, incident.id, KINDS, now)
        await incidents.reopen(conn, incident.id, now)
        await incidents.write(conn, incident.id, "reopened", why.strip(), actor=actor.name, at=now)
        changed = await incidents.get(conn, incident.id)
        begins = await self._runs.start_again(conn, changed)
        facts = {"incident": changed, "actor": actor.name, "why": why, "begins": begins}
        await self._posts.above_cards(conn, incident, "reopened", **facts)
        await self._deeds.show(conn, changed, "reopened")
        return changed

    async def rename_room(self, room_id: str, name: str) -> None:
        """Follow the renaming of a channel; does nothing if it is not an incident's room."""
        async with self._db.transaction() as conn:
            await incidents.rename_room(conn, room_id, name)

    # Queries

    async def find(self, ref: str) -> Incident:
        """Find by `INC-12` or `12`. Raises NotFound."""
        number = number_of(ref)
        if number is None:
            raise NotFound(
                f"“{ref}” is not an incident. Type a reference such as `INC-12`; `/incident list` shows them."
            )
        async with self._db.transaction() as conn:
            return await incidents.get(conn, number)

    async def of_room(self, room_id: str) -> Incident | None:
        async with self._db.transaction() as conn:
            return await incidents.of_room(conn, room_id)

    async def newest(self, *, open_only: bool, limit: int = 1000) -> list[Incident]:
        async with self._db.transaction() as conn:
            return await (incidents.open_ones(conn, limit) if open_only else incidents.newest(conn, limit))

    async def timeline(self, incident_id: int) -> list[incidents.Entry]:
        async with self._db.transaction() as conn:
            return await incidents.timeline(conn, incident_id)
