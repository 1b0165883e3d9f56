"""A schedule changes hands: whoever had it and whoever has it now are told, with what is open."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.people.schedule import Shift
from bot.runbook import Runbook
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.store import requests
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.paging import handovers, shift_notes
from bot.store.paging.handovers import Handover
from bot.store.pipelined import Connection

NO_TIME = timedelta(0)
# Of so many short shifts within the time of a heads-up, the rest are told of later.
MOST_AHEAD = 50
LONGEST_NOTE = 1000


class Handovers(DueByRows):
    """Once for each change, whoever else is at work; after an outage only from whoever had it before to who has it now.
    Whoever has it next is told before, where the runbook wants that.

    Nobody is told when a shift or a cover ends and the same person has the next one.
    """

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._schedules = list(runbook.schedules)
        self._announced = {key for key, one in runbook.schedules.items() if one.announce}
        self._remind = {key: one.remind for key, one in runbook.schedules.items() if one.remind}
        self._people = people
        self._outbox = outbox

    async def watch(self) -> None:
        """At start: the schedules of the runbook and no others. What has changed since the last look is told."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await handovers.forget_others(conn, self._schedules)
            for key in self._schedules:
                await handovers.watch(conn, key, person=self._people.shift(key, now).person, now=now)

    async def take_due(self) -> int:
        """Also learns of covers that other processes have made."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await handovers.claim_due(conn, self._schedules, now)
            # Only now: whoever changes a cover later waits for our rows, and has them looked at again.
            await self._people.learn_covers(conn)
            shifts = [self._people.shift(one.schedule, now) for one in due]
            ahead = [self._ahead(one.schedule, shift, now) for one, shift in zip(due, shifts, strict=True)]
            for before, shift, coming in zip(due, shifts, ahead, strict=True):
                await self._change(conn, before, shift, coming, now)
        return len(due)

    @property
    def due_rows(self) -> DueRows:
        return handovers.due_rows(self._schedules)

    async def leave_note(self, actor: Actor, schedule: str, note: str) -> Shift:
        """For whoever has it next, from whoever has it. Returns the next shift. Raises Refused."""
        if len(note) > LONGEST_NOTE:
            raise Refused(f"That is too long: {len(note)} characters, at most {LONGEST_NOTE}.")
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            # Held before it is known who has it: a handover that is being told is waited for.
            before = await handovers.lock(conn, schedule)
            if before is None:
                raise Refused(f"A process whose runbook has no `{schedule}` has started meanwhile: no note was kept.")
            await self._people.learn_covers(conn)
            now = self._clock.now()
            shift, coming = self._people.shift(schedule, now), self._people.next_shift(schedule, now)
            if not self._people.is_same(shift.person, actor.name):
                has_it = self._people.display_name(shift.person)
                raise Refused(f"{has_it} has `{schedule}` now, and can leave a note for the next shift.")
            if before.person != shift.person:
                # A handover that nobody has noticed yet: what is left from now on is not for that one.
                await self._change(conn, before, shift, self._ahead(schedule, shift, now), now)
            await shift_notes.leave(conn, schedule, note=note, by=actor.name)
        return coming

    def _ahead(self, schedule: str, shift: Shift, now: datetime) -> list[Shift]:
        """The shifts of which somebody is to be told by now; the last of them, or the one that is on, ends later."""
        found: list[Shift] = []
        last = shift
        until = now + self._remind.get(schedule, NO_TIME)
        while last.ends <= until and len(found) < MOST_AHEAD:
            last = self._people.shift(schedule, last.ends)
            found.append(last)
        return found

    async def _change(
        self, conn: Connection, before: Handover, shift: Shift, ahead: Sequence[Shift], now: datetime
    ) -> None:
        key = before.schedule
        next_look = (ahead[-1] if ahead else shift).ends - self._remind.get(key, NO_TIME)
        # When there are more than are told of at once, that has been: the others are told of with the next handover.
        due_at = min(shift.ends, next_look) if next_look > now else shift.ends
        await handovers.save(conn, Handover(key, shift.person, due_at))
        for coming in ahead:
            if await handovers.remind(conn, key, person=coming.person, begins=coming.begins):
                payload = {"schedule": key, "told": coming.person, "begins": coming.begins.isoformat()}
                await self._outbox.put(conn, "shift_reminder", payload, priority=UPDATE)
        if shift.person == before.person:
            return
        change = {"schedule": key, "gave": before.person, "took": shift.person}
        if key in self._announced:
            await self._outbox.put(conn, "shift_news", change, priority=UPDATE, lane=f"shift news {key}")
        for told in (shift.person, before.person):
            lane = f"handover {told}"
            await self._outbox.put(conn, "handover", change | {"told": told}, priority=UPDATE, lane=lane)
