"""The round that ticks steps the bot can verify, and has checks looked at when their last look is too old."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.domain.procedures.run import Run, Step, Tick
from bot.runbook import Runbook
from bot.services.incidents.rounds import IncidentRound
from bot.services.procedures.facts import OLD_AFTER, Facts, Look
from bot.services.procedures.records import ProcedureRecords
from bot.services.rooms.deeds import Moment
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.procedures import procedures

log = logging.getLogger(__name__)

# Between attempts: a tenth of the time that the step has waited, within these bounds. Somebody who waits for a restart
# wants to know soon; nobody waits at a step left alone for days.
SOONEST, LATEST, LATEST_RESOLVED = OLD_AFTER, timedelta(minutes=2), timedelta(hours=1)
# How many of the newest runs are compared with the runbook at start.
COMPARED = 200


class ProcedureProving(IncidentRound):
    """Any number of processes may run this: the incident's lock makes sure that each step is ticked once."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, facts: Facts, records: ProcedureRecords, look: Look
    ) -> None:
        super().__init__(db, clock, procedures.ROWS)
        self._runbook = runbook
        self._compared = False
        self._facts = facts
        self._records = records
        self._look_at = look
        self._looks: dict[int, asyncio.Task[None]] = {}

    async def take_due(self) -> int:
        if not self._compared:
            await self._compare()
            self._compared = True
        return await super().take_due()

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """Have steps that wait for the incident's state verified at once."""
        if moment in ("acknowledged", "status", "role", "resolved", "reopened"):
            await procedures.look_now(conn, incident.id, self._clock.now())

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for run in await procedures.of_incident(conn, incident.id):
            if run.due_at is not None and run.due_at <= now and run.standing.current is not None:
                await self._prove(conn, incident, run, run.standing.current, now)

    @property
    def under_way(self) -> int:
        return len(self._looks)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: wait for looks under way, then cancel them. Another process makes up for those."""
        if self._looks:
            await asyncio.wait(set(self._looks.values()), timeout=timeout_s)
        for task in self._looks.values():
            task.cancel()

    async def _compare(self) -> None:
        """At start: mark runs whose procedure differs in this runbook, and unmark the rest, for all processes."""
        async with self._db.statement() as conn:
            known = await procedures.under_way(conn, COMPARED)
        for run in known:
            own = self._runbook.procedures.get(run.key)
            is_outdated = own is None or not own.is_same(run)
            if is_outdated != (run.outdated_at is not None):
                async with self._db.transaction() as conn:
                    await incidents.lock(conn, run.incident_id)
                    await procedures.outdate(conn, run, self._clock.now() if is_outdated else None)
                    await self._records.show(conn, run)

    async def _prove(self, conn: Connection, incident: Incident, run: Run, current: int, now: datetime) -> None:
        step = run.steps[current]
        found = await self._facts.find(conn, incident, run, step)
        if found.is_so:
            tick = Tick(run.next_number, current, "proved", TOCSIN.name, now, found.said)
            await self._records.ticked(conn, run, tick)
            return
        await procedures.look_again(conn, run, now + _wait(incident, step, now - run.changed_at))
        await self._records.show(conn, run)
        if found.is_old:
            self._begin_to_look(run, step)

    def _begin_to_look(self, run: Run, step: Step) -> None:
        if step.check and run.id not in self._looks:
            task = asyncio.create_task(self._have_looked(run, step.check), name=f"look {step.check}")
            self._looks[run.id] = task
            task.add_done_callback(lambda _: self._looks.pop(run.id, None))

    async def _have_looked(self, run: Run, check: str) -> None:
        """Look, then have the step verified at once. A background task: a look may take up to its time-out."""
        try:
            await self._look_at(check)
            async with self._db.statement() as conn:
                await procedures.judge_now(conn, run, self._clock.now())
        except Failed as error:
            log.warning("check=%s could not be checked: %s", check, error)


def _wait(incident: Incident, step: Step, waited: timedelta) -> timedelta:
    if step.incident:
        # `follow` verifies it with every change of the incident; this is only a fallback.
        return LATEST_RESOLVED
    return min(max(waited / 10, SOONEST), LATEST if incident.is_open else LATEST_RESOLVED)
