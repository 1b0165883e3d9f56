"""A schedule changes hands: whoever had it and whoever has it now are told, with what is open."""

from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.people.schedule import Shift
from bot.runbook import Runbook
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.store.database import Database
from bot.store.paging import handovers
from bot.store.paging.handovers import Handover
from bot.store.pipelined import Connection


class Handovers:
    """Once for each change, whoever else is at work; after an outage only from whoever had it before to who has it now.

    Nobody is told when a shift or a cover ends and the same person has the next one.
    """

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._schedules = list(runbook.schedules)
        self._people = people
        self._outbox = outbox

    async def watch(self) -> None:
        """At start: the schedules of the runbook and no others. What has changed since the last look is told."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await handovers.forget_others(conn, self._schedules)
            for key in self._schedules:
                shift = self._people.shift(key, now)
                await handovers.watch(conn, key, person=shift.person, due_at=shift.ends, now=now)

    async def take_due(self) -> int:
        """Also learns of covers that other processes have made."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await handovers.claim_due(conn, self._schedules, now)
            # Only now: whoever changes a cover later waits for our rows, and has them looked at again.
            await self._people.learn_covers(conn)
            shifts = [self._people.shift(one.schedule, now) for one in due]
            for before, shift in zip(due, shifts, strict=True):
                await self._change(conn, before, shift)
        return len(due)

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await handovers.next_due(conn, self._schedules)

    async def _change(self, conn: Connection, before: Handover, shift: Shift) -> None:
        await handovers.save(conn, replace(before, person=shift.person, due_at=shift.ends))
        if shift.person == before.person:
            return
        change = {"schedule": before.schedule, "gave": before.person, "took": shift.person}
        for told in (shift.person, before.person):
            lane = f"handover {told}"
            await self._outbox.put(conn, "handover", change | {"told": told}, priority=UPDATE, lane=lane)
