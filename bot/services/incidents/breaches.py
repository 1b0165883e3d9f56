"""Data breaches: the 72-hour clock on a card in the private incident, its reminders, and the notice to the
authority."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.incidents.breach import Breach
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.prompts import Prompts
from bot.slack.blocks import Button, message
from bot.store.database import Database
from bot.store.incidents import breaches, incidents
from bot.store.pipelined import Connection

# Roles that are reminded: they have to notify, or see to it.
REMINDED_ROLES = ("lead", "comms")


class Breaches(IncidentRound):
    """Paints `breach:<id>`. The clock runs on after the incident ends, because so does the duty to notify."""

    def __init__(
        self, db: Database, clock: Clock, cards: Cards, prompts: Prompts, deeds: Deeds, rendering: Rendering
    ) -> None:
        super().__init__(db, clock, breaches.ROWS)
        self._cards = cards
        self._prompts = prompts
        self._deeds = deeds
        self._rendering = rendering
        cards.painted_by("breach", self.paint)

    async def begin(self, actor: Actor, incident_id: int, detected_at: datetime | None) -> Breach:
        """Start the clock or correct its start; `detected_at` None: from the incident's detection, or unchanged.

        Raises Refused for an incident that is not private, AlreadyDone when nothing would change.
        """
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_private(incident)
            known = await breaches.get(conn, incident.id)
            if known and detected_at is None:
                raise AlreadyDone(
                    f"The data-breach clock of {incident.ref} runs already, as its card shows. To correct when the "
                    "breach was detected, type the time: `/incident breach 14:05`."
                )
            at = detected_at or min(incident.milestones.detected, now)
            fresh = known or Breach(incident.id, at, actor.name, now)
            breach = fresh.detected(at, now)
            await self._keep(conn, breach, actor, "moved" if known else "begun", now)
            await self._look(conn, incident, breach, now)
        return breach

    async def notified(self, actor: Actor, incident_id: int, at: datetime, whom: str) -> Breach:
        """Record that the authority was notified. Raises NotFound without a clock, Refused for an impossible time."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            known = await breaches.get(conn, incident.id)
            if known is None:
                raise NotFound(f"{incident.ref} has no data-breach clock. Start it with `/incident breach`.")
            breach = known.told(at, actor.name, whom, now)
            await self._keep(conn, breach, actor, "notified", now)
        return breach

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        breach = await breaches.get(conn, incident.id)
        if breach and breach.due_at and breach.due_at <= now:
            await self._look(conn, incident, breach, now)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        incident = await incidents.get(conn, int(subject))
        breach = await breaches.get(conn, incident.id)
        if breach is None:
            return None
        words = self._rendering.say("slack/breach", incident=incident, breach=breach)
        buttons = [] if breach.notified_at else [notified_button(incident.id)]
        return await in_room(conn, incident, message(words, buttons))

    async def _look(self, conn: Connection, incident: Incident, breach: Breach, now: datetime) -> None:
        """Send only the latest reminder of those missed in an outage: what matters is how much time is left."""
        left = breach.owed(now)
        if left is not None:
            roles = [incident.roles[role] for role in REMINDED_ROLES if role in incident.roles]
            who = list(dict.fromkeys(roles)) or [breach.begun_by]
            hours = round((breach.notify_by - now) / timedelta(hours=1))
            facts = {"incident": incident, "breach": breach, "now": now, "who": who, "hours": hours}
            ask = [notified_button(incident.id)]
            await self._prompts.ask(conn, incident, "breach", "breach_due", ask, **facts)
            breach = replace(breach, reminded_left=left)
        await breaches.save(conn, breach.planned(now))

    async def _keep(self, conn: Connection, breach: Breach, actor: Actor, change: str, now: datetime) -> None:
        await breaches.save(conn, breach)
        words = self._rendering.say("documents/breach_entry", breach=breach, change=change)
        await incidents.write(conn, breach.incident_id, "system", words, actor=actor.name, at=now)
        await self._prompts.answered(conn, breach.incident_id, "breach")
        await self._cards.touch(conn, f"breach:{breach.incident_id}", incident=breach.incident_id)


def must_be_private(incident: Incident) -> None:
    """Raise Refused unless it is private."""
    if not incident.private:
        raise Refused(
            f"{incident.ref} isn't private, and a data breach is for its members alone. Declare it with "
            "`/incident private <title>`, and type `/incident breach` in its channel."
        )


def notified_button(incident_id: int) -> Button:
    """Opens the form asking who was notified, and when."""
    return Button("Authority notified", "breach.notified", str(incident_id))
