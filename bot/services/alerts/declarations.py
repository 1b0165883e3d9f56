"""People declare an incident for an alert, or attach the alert to an open one."""

from bot.domain.actor import Actor
from bot.domain.alerts.alert import GroupStanding
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.incidents.incident import Incident, must_be_open, number_of
from bot.services.alerts.deeds import AlertDeeds
from bot.services.alerts.incidents import AlertIncidents
from bot.services.alerts.settling import AlertSettling
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents


class AlertDeclarations:
    """Each deed is done once per request."""

    def __init__(self, db: Database, settling: AlertSettling, tied: AlertIncidents, deeds: AlertDeeds) -> None:
        self._db = db
        self._settling = settling
        self._tied = tied
        self._deeds = deeds

    async def declare(self, actor: Actor, group_id: int) -> Incident:
        """Declare an incident with the severity of its rule, else matching its level. Raises Refused."""
        async with self._deeds.on(actor, group_id, "declare") as (conn, standing, _):
            _must_be_free(standing)
            severity = self._tied.severity(standing).id
            tied = await self._tied.declare(conn, standing, actor, "declared", severity=severity)
            await self._settling.settle(conn, tied)
            assert tied.incident is not None
            return tied.incident

    async def attach(self, actor: Actor, group_id: int, ref: str) -> Incident:
        """Attach it to this open incident. Raises Refused."""
        async with self._deeds.on(actor, group_id, "attach") as (conn, standing, now):
            await requests.once(conn, actor, now)
            _must_be_free(standing)
            incident = await incidents.lock(conn, _number(ref))
            must_be_open(incident, "attach an alert to it")
            if not can_be_attached_to(incident):
                raise Refused(f"{incident.ref} is private or a drill: alerts can't be attached to it.")
            await self._settling.settle(conn, await self._tied.attach(conn, standing, incident, actor))
            return incident

    async def attachable(self) -> list[Incident]:
        """Incidents an alert can be attached to, newest first; raises NotFound if there are none."""
        async with self._db.transaction() as conn:
            found = [incident for incident in await incidents.open_ones(conn) if can_be_attached_to(incident)]
        if not found:
            raise NotFound("No open incident to attach this alert to. Press “Declare incident” instead.")
        return found


def can_be_attached_to(incident: Incident) -> bool:
    """A drill would hide a real alert, and the alert's card would reveal a private incident."""
    return not incident.drill and not incident.private


def _must_be_free(standing: GroupStanding) -> None:
    if standing.incident and standing.incident.is_open:
        raise AlreadyDone(f"This alert belongs to {standing.incident.ref} already.")


def _number(ref: str) -> int:
    number = number_of(ref)
    if number is None:
        raise NotFound(f"“{ref}” is no incident.")
    return number
