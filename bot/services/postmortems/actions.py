"""Follow-up actions, so that it doesn't happen again: given, done, put off, handed over, and reminded of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.action import Action, NewAction
from bot.runbook import Runbook
from bot.services.incidents.rounds import IncidentRound
from bot.services.postmortems.action_cards import ActionCards
from bot.services.rooms.deeds import Deeds
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.postmortems import actions


class Actions(IncidentRound):
    """Every deed is one transaction, idempotent per request. The incident may be over."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, cards: ActionCards, deeds: Deeds) -> None:
        super().__init__(db, clock, actions.ROWS)
        self._runbook = runbook
        self._cards = cards
        self._deeds = deeds

    async def give(self, actor: Actor, incident_id: int, new: NewAction) -> Action:
        """Create an action. Raises Refused."""
        async with self._deeds.on(actor, incident_id, to=new.owner) as (conn, incident, now):
            checked = new.checked(now)
            action = await actions.insert(conn, incident.id, checked, created_by=actor.name, now=now)
            return await self._keep(conn, incident, action, actor, "given", now)

    async def done(self, actor: Actor, action_id: int) -> Action:
        """Mark it done. Raises AlreadyDone the second time."""
        async with self._on(actor, action_id) as (conn, incident, action, now):
            return await self._keep(conn, incident, action.done(actor.name, now), actor, "done", now)

    async def more_time(self, actor: Actor, action_id: int) -> Action:
        """Put it off to a week after its date, or after now if that is past. Raises AlreadyDone."""
        async with self._on(actor, action_id) as (conn, incident, action, now):
            return await self._keep(conn, incident, action.longer(now), actor, "longer", now)

    async def hand_over(self, actor: Actor, action_id: int, owner: str) -> Action:
        """Make somebody else its owner. Raises Refused."""
        async with self._on(actor, action_id, to=owner) as (conn, incident, action, now):
            return await self._keep(conn, incident, action.handed_to(owner), actor, "handed", now)

    async def find(self, action_id: int) -> Action:
        """The action with this id. Raises NotFound."""
        async with self._db.statement() as conn:
            return await actions.get(conn, action_id)

    async def of(self, incident: Incident) -> list[Action]:
        """The incident's actions, oldest first."""
        async with self._db.statement() as conn:
            return await actions.of_incident(conn, incident.id)

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for action in await actions.of_incident(conn, incident.id):
            if action.due_at and action.due_at <= now:
                await actions.save(conn, action.planned(now, self._runbook.hours))
                await self._cards.remind(conn, incident, action, late=action.by_at <= now)

    @asynccontextmanager
    async def _on(
        self, actor: Actor, action_id: int, *, to: str | None = None
    ) -> AsyncIterator[tuple[Connection, Incident, Action, datetime]]:  # fmt: skip
        found = await self.find(action_id)
        async with self._deeds.on(actor, found.incident_id, to=to) as (conn, incident, now):
            yield conn, incident, await actions.get(conn, action_id), now

    async def _keep(
        self, conn: Connection, incident: Incident, action: Action, actor: Actor, change: str, now: datetime
    ) -> Action:
        kept = action.planned(now, self._runbook.hours)
        await actions.save(conn, kept)
        words = self._cards.entry(kept, change)
        await incidents.write(conn, incident.id, "task", words, actor=actor.name, at=now)
        await self._cards.show(conn, incident, kept, change, actor)
        return kept
