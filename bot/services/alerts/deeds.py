"""What people do with an alert: acknowledge it, declare or attach an incident, silence it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.alerts.alert import LONGEST_SILENCE, GroupStanding, must_be_firing
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.incidents.incident import Incident, must_be_open, number_of
from bot.runbook import format_duration
from bot.services.alerts.incidents import AlertIncidents
from bot.services.alerts.settling import AlertSettling
from bot.services.paging.escalations import Escalations
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.store import audit, requests
from bot.store.alerts import alerts
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection


class AlertDeeds:
    """Each deed is one transaction, happens once per request, and is written into the audit log."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        people: People,
        permissions: Permissions,
        escalations: Escalations,
        settling: AlertSettling,
        tied: AlertIncidents,
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._permissions = permissions
        self._escalations = escalations
        self._settling = settling
        self._tied = tied

    async def acknowledge(self, actor: Actor, group_id: int) -> None:
        """Somebody looks at it: it pages nobody any more, also not for its incident. Raises AlreadyDone, naming who."""
        async with self._deed(actor, group_id, "acknowledge") as (conn, standing):
            await requests.once(conn, actor, self._clock.now())
            if not standing.unacknowledged:
                who = self._people.display_name(standing.group.acknowledged_by or "")
                raise AlreadyDone(f"This alert is already acknowledged by {who}.")
            if standing.incident:
                incident = await incidents.lock(conn, standing.incident.id)
                if incident.is_open:
                    await self._escalations.answer(conn, incident, actor)
            changes = {"acknowledged_by": actor.name, "acknowledged_at": self._clock.now()}
            await self._settling.settle(conn, _changed(standing, **changes))

    async def declare(self, actor: Actor, group_id: int) -> Incident:
        """Declare an incident for it, of the severity its rule names, else that of its level. Raises Refused."""
        async with self._deed(actor, group_id, "declare") as (conn, standing):
            _must_be_free(standing)
            severity = self._tied.severity(standing).id
            tied = await self._tied.declare(conn, standing, actor, "declared", severity=severity)
            await self._settling.settle(conn, tied)
            assert tied.incident is not None
            return tied.incident

    async def attach(self, actor: Actor, group_id: int, ref: str) -> Incident:
        """It belongs to this open incident. Raises Refused."""
        async with self._deed(actor, group_id, "attach") as (conn, standing):
            await requests.once(conn, actor, self._clock.now())
            _must_be_free(standing)
            incident = await incidents.lock(conn, _number(ref))
            must_be_open(incident, "attach an alert to it")
            if not can_be_attached_to(incident):
                raise Refused(f"{incident.ref} is private or a drill: alerts can't be attached to it.")
            await self._settling.settle(conn, await self._tied.attach(conn, standing, incident, actor))
            return incident

    async def attachable(self) -> list[Incident]:
        """The incidents an alert may be attached to, newest first; raises NotFound when there is none."""
        async with self._db.transaction() as conn:
            found = [incident for incident in await incidents.open_ones(conn) if can_be_attached_to(incident)]
        if not found:
            raise NotFound("No open incident to attach this alert to. Press “Declare incident” instead.")
        return found

    async def silence(self, actor: Actor, group_id: int, duration: timedelta) -> datetime:
        """Until then it is counted, but nobody is told or paged, also when it fires anew. Raises Refused."""
        self._permissions.must(actor, "alert.silence")
        if not timedelta(0) < duration <= LONGEST_SILENCE:
            raise Refused(f"Silence it for some time, at most {format_duration(LONGEST_SILENCE)}: for example 1h.")
        until = self._clock.now() + duration
        async with self._deed(actor, group_id, "silence") as (conn, standing):
            await requests.once(conn, actor, self._clock.now())
            await self._settling.settle(conn, _changed(standing, silenced_by=actor.name, silenced_until=until))
        return until

    async def close(self, actor: Actor, group_id: int) -> None:
        """It is over, as this person says: for a card that does not end by itself. Raises Refused."""
        self._permissions.must(actor, "alert.silence")
        async with self._deed(actor, group_id, "close") as (conn, standing):
            await requests.once(conn, actor, self._clock.now())
            if not standing.can_be_closed:
                raise Refused("Acknowledge the alert first: it is firing, and nobody has acknowledged it.")
            await self._settling.close(conn, standing, actor)

    @asynccontextmanager
    async def _deed(self, actor: Actor, group_id: int, deed: str) -> AsyncIterator[tuple[Connection, GroupStanding]]:
        """One transaction on one group that fires."""
        async with self._db.transaction() as conn:
            standing = await alerts.lock(conn, group_id)
            if standing is None:
                raise NotFound("This alert no longer exists.")
            must_be_firing(standing.group, deed)
            yield conn, standing
            subject = f"alert {group_id}"
            await audit.write(conn, actor=actor.name, deed=f"alert.{deed}", subject=subject, at=self._clock.now())


def can_be_attached_to(incident: Incident) -> bool:
    """A rehearsal would hide a real alert, and the alert's card would name what is private."""
    return not incident.drill and not incident.private


def _must_be_free(standing: GroupStanding) -> None:
    if standing.incident and standing.incident.is_open:
        raise AlreadyDone(f"This alert belongs to {standing.incident.ref} already.")


def _changed(standing: GroupStanding, **changes: Any) -> GroupStanding:
    return replace(standing, group=replace(standing.group, **changes))


def _number(ref: str) -> int:
    number = number_of(ref)
    if number is None:
        raise NotFound(f"“{ref}” is no incident.")
    return number
