"""The life of an incident: every deed is one transaction, and who did it stands in the timeline."""

from collections.abc import Mapping
from typing import Any

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.incidents.incident import (
    TITLE_LENGTH,
    WORD_MARKS,
    Incident,
    must_be_open,
    must_be_resolved,
    must_not_be_resolved_twice,
    number_of,
    status_of,
    title_of,
)
from bot.runbook import Runbook
from bot.services.paging.escalations import Escalations
from bot.services.paging.ladders import Ladders
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection


class Incidents:
    """Declares, changes, resolves and reopens incidents."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        permissions: Permissions,
        ladders: Ladders,
        escalations: Escalations,
        rooms: Rooms,
        posts: Posts,
        deeds: Deeds,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._permissions = permissions
        self._ladders = ladders
        self._escalations = escalations
        self._rooms = rooms
        self._posts = posts
        self._deeds = deeds

    async def declare(
        self,
        actor: Actor,
        title: str,
        *,
        severity: str | None = None,
        drill: bool = False,
        private: bool = False,
        origin: Mapping[str, Any] | None = None,
    ) -> Incident:
        """Open an incident: the first page is on its way before anything else. The same request declares once.

        `severity` None is the runbook's default. `origin` is kept, and `of_origin` finds the incident by it again.
        """
        async with self._db.transaction() as conn:
            return await self.declare_within(
                conn, actor, title, severity=severity, drill=drill, private=private, origin=origin
            )

    async def declare_within(
        self,
        conn: Connection,
        actor: Actor,
        title: str,
        *,
        severity: str | None = None,
        drill: bool = False,
        private: bool = False,
        origin: Mapping[str, Any] | None = None,
    ) -> Incident:
        """`declare` as a part of a larger deed."""
        self._permissions.must(actor, "incident.declare")
        if actor.request and (known := await incidents.of_request(conn, actor.request)):
            return known
        now = self._clock.now()
        await requests.once(conn, actor, now)
        chosen = self._runbook.severity(severity) if severity else self._runbook.default_severity
        incident = await incidents.insert(
            conn, title=title_of(title), severity=chosen.id, drill=drill, private=private, declared_by=actor.name,
            now=now, origin=origin or {}, request=actor.request,
        )  # fmt: skip
        whole = title.strip() if len(title.strip()) > TITLE_LENGTH else incident.title
        await incidents.write(conn, incident.id, "declared", whole, actor=actor.name, at=now)
        await self._ladders.arm(conn, incident, due_at=actor.asked_at or now)
        await self._rooms.open(conn, incident)
        await self._deeds.tell(conn, incident, "declared")
        return incident

    async def set_severity(self, actor: Actor, incident_id: int, severity: str, why: str = "") -> Incident:
        """Raising is free; lowering needs a reason. Raises Refused."""
        self._permissions.must(actor, "incident.severity")
        new = self._runbook.severity(severity)
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "change its severity")
            ranks = [one.id for one in self._runbook.severities]
            # A severity that has gone from the runbook ranks below all of it.
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
                await self._ladders.start_again(conn, changed)
            await self._posts.in_room(
                conn, incident, "severity", incident=changed, before=incident.severity, actor=actor.name, why=why
            )
            await self._deeds.show(conn, changed, "severity")
        return changed

    async def set_status(self, actor: Actor, incident_id: int, word: str) -> Incident:
        """`resolved` resolves; every other status only says set the status."""
        status = status_of(word)
        if status == "resolved":
            return await self.resolve(actor, incident_id)
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "change its status")
            if incident.status == status:
                raise AlreadyDone(f"{incident.ref} is {status} already.")
            await incidents.set_status(conn, incident.id, status)
            await incidents.write(conn, incident.id, "status", status, actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._posts.in_room(conn, incident, "status", incident=changed, actor=actor.name)
            await self._deeds.show(conn, changed, "status")
        return changed

    async def set_role(self, actor: Actor, incident_id: int, role: str, who: str, *, vacant: bool = False) -> Incident:
        """Give a role to somebody; `vacant`: only while nobody has it. Taking the lead oneself acknowledges too.

        Raises NotFound for an unknown role, AlreadyDone when it changes nothing or is not vacant.
        """
        role = self._role(role)
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "give roles")
            holder = incident.roles.get(role)
            if holder == who or (holder and vacant):
                raise AlreadyDone(f"{self._people.known_name(holder)} has the role {role} in {incident.ref} already.")
            await incidents.set_role(conn, incident.id, role, who)
            await incidents.write(conn, incident.id, "role", f"{role}: {who}", actor=actor.name, at=now)
            if role == "lead" and who == actor.name:
                await self._escalations.answer(conn, incident, actor)
            changed = await incidents.get(conn, incident.id)
            await self._rooms.invite(conn, changed, [who])
            await self._posts.in_room(conn, incident, "role", role=role, who=who, actor=actor.name)
            await self._deeds.show(conn, changed, "role")
        return changed

    async def resolve(self, actor: Actor, incident_id: int, summary: str = "") -> Incident:
        """It is over: the paging stops at once. Resolving acknowledges too. Raises AlreadyDone the second time."""
        self._permissions.must(actor, "incident.resolve")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_not_be_resolved_twice(incident)
            await incidents.acknowledge(conn, incident.id, actor.name, now)
            await incidents.resolve(conn, incident.id, actor.name, summary.strip() or None, now)
            await incidents.write(conn, incident.id, "resolved", summary.strip(), actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._ladders.stop(conn, changed)
            await self._posts.in_room(conn, incident, "resolved", incident=changed, actor=actor.name)
            await self._deeds.show(conn, changed, "resolved")
        return changed

    async def reopen(self, actor: Actor, incident_id: int, why: str = "") -> Incident:
        """It is back: the ladder starts again from its first step."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_resolved(incident)
            await incidents.reopen(conn, incident.id)
            await incidents.write(conn, incident.id, "reopened", why.strip(), actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._ladders.start_again(conn, changed)
            await self._posts.in_room(conn, incident, "reopened", incident=changed, actor=actor.name, why=why)
            await self._deeds.show(conn, changed, "reopened")
        return changed

    async def bring_in(self, actor: Actor, incident_id: int) -> None:
        """Invite whoever asks to join."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, _):
            await self._rooms.invite(conn, incident, [actor.name])

    async def rename_room(self, room_id: str, name: str) -> None:
        """Somebody has renamed a channel; nothing happens when it is no room."""
        async with self._db.transaction() as conn:
            await incidents.rename_room(conn, room_id, name)

    # Asking

    async def find(self, ref: str) -> Incident:
        """By `INC-12` or `12`; raises NotFound."""
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

    def _role(self, name: str) -> str:
        """As the runbook writes it."""
        roles = {role.lower(): role for role in self._runbook.roles}
        if found := roles.get(name.strip(WORD_MARKS).lower()):
            return found
        raise NotFound(f"There is no role “{name}”. The roles are: {', '.join(self._runbook.roles)}.")
