"""How people answer an alert: they acknowledge or close it."""

from dataclasses import replace
from typing import Any

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.alerts.alert import GroupStanding
from bot.domain.errors import AlreadyDone, Refused
from bot.services.alerts.deeds import AlertDeeds
from bot.services.alerts.settling import AlertSettling
from bot.services.paging.acknowledgements import Acknowledgements
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.store import requests
from bot.store.incidents import incidents


class AlertResponses:
    """Each deed is done once per request."""

    def __init__(
        self,
        clock: Clock,
        people: People,
        permissions: Permissions,
        acknowledgements: Acknowledgements,
        settling: AlertSettling,
        deeds: AlertDeeds,
    ) -> None:
        self._clock = clock
        self._people = people
        self._permissions = permissions
        self._acknowledgements = acknowledgements
        self._settling = settling
        self._deeds = deeds

    async def acknowledge(self, actor: Actor, group_id: int) -> None:
        """Acknowledge it, and its incident: paging stops for both. Raises AlreadyDone, naming who was first."""
        async with self._deeds.on(actor, group_id, "acknowledge") as (conn, standing, now):
            await requests.once(conn, actor, now)
            if not standing.unacknowledged:
                who = self._people.written(standing.group.acknowledged_by or "")
                who = "its sender" if standing.group.is_acknowledged_there else who
                raise AlreadyDone(f"This alert is already acknowledged by {who}.")
            if standing.incident:
                incident = await incidents.lock(conn, standing.incident.id)
                if incident.is_open:
                    await self._acknowledgements.answer(conn, incident, actor)
            acknowledged = _changed(standing, acknowledged_by=actor.name, acknowledged_at=now)
            await self._settling.settle(conn, acknowledged)

    async def close(self, actor: Actor, group_id: int) -> None:
        """Close a card that does not end by itself. Raises Refused."""
        self._permissions.must(actor, "alert.silence")
        async with self._deeds.on(actor, group_id, "close") as (conn, standing, now):
            await requests.once(conn, actor, now)
            if not standing.can_be_closed:
                raise Refused("Acknowledge the alert first: it is firing, and nobody has acknowledged it.")
            await self._settling.close(conn, standing, actor)


def _changed(standing: GroupStanding, **changes: Any) -> GroupStanding:
    return replace(standing, group=replace(standing.group, **changes))
