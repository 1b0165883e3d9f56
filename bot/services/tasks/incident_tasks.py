"""Tasks in an incident: somebody is asked to do something; when the time is up, the room is asked how it went."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.tasks.task import Task, must_be_sensible, what_of
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.deeds import Deeds, Moment
from bot.services.tasks.task_cards import TaskCards
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.tasks import tasks


class IncidentTasks(IncidentRound):
    """Every deed is one transaction, idempotent per request. Anybody may mark a task as done, not just its owner."""

    def __init__(self, db: Database, clock: Clock, cards: TaskCards, deeds: Deeds) -> None:
        super().__init__(db, clock, tasks.ROWS)
        self._cards = cards
        self._deeds = deeds

    async def give(self, actor: Actor, incident_id: int, owner: str, what: str, span: timedelta | None) -> Task:
        """Give somebody a task. `span`: how long it may take; None: no limit. Raises Refused."""
        what = what_of(what)
        must_be_sensible(span)
        async with self._deeds.on(actor, incident_id, to=owner) as (conn, incident, now):
            must_be_open(incident, "give tasks")
            task = await tasks.insert(conn, incident.id, what, owner=owner, asked_by=actor.name, span=span, now=now)
            await self._keep(conn, incident, task, actor, "given", now)
        return task

    async def done(self, actor: Actor, task_id: int) -> Task:
        """Mark it done. Raises AlreadyDone the second time."""
        found = await self.find(task_id)
        async with self._deeds.on(actor, found.incident_id) as (conn, incident, now):
            task = (await tasks.get(conn, task_id)).done(actor.name, now)
            await self._keep(conn, incident, task, actor, "done", now)
        return task

    async def more_time(self, actor: Actor, task_id: int) -> Task:
        """Extend it by its span, from when it is due, or from now if that has passed. Raises Refused."""
        found = await self.find(task_id)
        async with self._deeds.on(actor, found.incident_id) as (conn, incident, now):
            must_be_open(incident, "give a task more time")
            task = (await tasks.get(conn, task_id)).longer(now)
            await self._keep(conn, incident, task, actor, "longer", now)
        return task

    async def hand_over(self, actor: Actor, task_id: int, owner: str) -> Task:
        """Make somebody else its owner. Raises Refused."""
        found = await self.find(task_id)
        async with self._deeds.on(actor, found.incident_id, to=owner) as (conn, incident, now):
            must_be_open(incident, "hand a task over")
            task = (await tasks.get(conn, task_id)).handed_to(owner, now)
            await self._keep(conn, incident, task, actor, "handed", now)
        return task

    async def find(self, task_id: int) -> Task:
        """The task with this id. Raises NotFound."""
        async with self._db.statement() as conn:
            return await tasks.get(conn, task_id)

    async def of(self, incident: Incident) -> list[Task]:
        async with self._db.statement() as conn:
            return await tasks.of_incident(conn, incident.id)

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """Stop asking about tasks when the incident is resolved; resume when it is reopened."""
        if moment == "resolved":
            await tasks.rest(conn, incident.id)
        elif moment == "reopened":
            for task in await tasks.of_incident(conn, incident.id):
                await tasks.save(conn, task.awake(self._clock.now()))

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for task in await tasks.of_incident(conn, incident.id):
            if task.ask_at and task.ask_at <= now:
                await tasks.save(conn, task.after_asking(now))
                await self._cards.ask(conn, incident, task)

    async def _keep(
        self, conn: Connection, incident: Incident, task: Task, actor: Actor, change: str, now: datetime
    ) -> None:
        await tasks.save(conn, task)
        words = self._cards.entry(task, change)
        await incidents.write(conn, incident.id, "task", words, actor=actor.name, at=now)
        await self._cards.show(conn, incident, task, change, actor)
