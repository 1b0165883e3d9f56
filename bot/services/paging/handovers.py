"""Shift changes: the outgoing and the incoming person are told, with what is open."""

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
# At most this many upcoming short shifts are announced at once; later ones follow at the next handover.
MOST_AHEAD = 50
LONGEST_NOTE = 1000


class Handovers(DueByRows):
    """Reports each change once across all processes; after an outage, only the one from the last known to the current
    person. Where the runbook wants it, the next person gets a reminder before.

    Nothing is sent when one person's shift or cover is followed by another of theirs.
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
        """At start-up, track exactly the runbook's schedules, and report changes since the last look."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await handovers.forget_others(conn, self._schedules)
            for key in self._schedules:
                await handovers.watch(conn, key, person=self._people.shift(key, now).person, now=now)

    async def take_due(self) -> int:
        """Report due changes. Also learns covers made by other processes."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await handovers.claim_due(conn, self._schedules, now)
            # Only after the claim: a cover changed later has to wait for our row locks, and then makes the rows due
            # again.
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
        """Keep a note from the person on call for the next one. Returns the next shift. Raises Refused."""
        if len(note) > LONGEST_NOTE:
            raise Refused(f"That is too long: {len(note)} characters, at most {LONGEST_NOTE}.")
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            # Lock before reading who is on call, so that we wait for a handover being reported.
            before = await handovers.lock(conn, schedule)
            if before is None:
                raise Refused(f"A process whose runbook has no `{schedule}` has started meanwhile: no note was kept.")
            await self._people.learn_covers(conn)
            now = self._clock.now()
            shift, coming = self._people.shift(schedule, now), self._people.next_shift(schedule, now)
            if not self._people.is_same(shift.person, actor.name):
                has_it = self._people.known_name(shift.person)
                raise Refused(f"{has_it} has `{schedule}` now, and can leave a note for the next shift.")
            if before.person != shift.person:
                # The shift has changed unnoticed: report it first, or this note would go to the person now leaving it.
                await self._change(conn, before, shift, self._ahead(schedule, shift, now), now)
            await shift_notes.leave(conn, schedule, note=note, by=actor.name)
        return coming

    def _ahead(self, schedule: str, shift: Shift, now: datetime) -> list[Shift]:
        """Shifts to remind of by now. The last of them (or the current one, if empty) ends after the reminder window,
        unless MOST_AHEAD cut the list."""
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
        # The window holds more shifts than MOST_AHEAD, so this is in the past: the rest follow at the next handover.
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
