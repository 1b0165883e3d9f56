"""The runbook's recurring tasks: posted when due, daily reminders of overdue ones, and a record of each month."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import takewhile

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone
from bot.domain.tasks.recurring import DAY, Occurrence, Recurring, month_of, told_overdue_at
from bot.domain.text import cut, plain_line
from bot.runbook import Runbook
from bot.services.tasks.proving import Proving
from bot.services.tasks.recurring_cards import MOST_ON_A_CARD, RecurringCards
from bot.store import audit, requests
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection
from bot.store.tasks import recurring

EVIDENCE_LENGTH = 1000
# After downtime, at most this many missed occurrences of a task are recorded: the latest.
MISSED_AT_MOST = 31


class RecurringTasks(DueByRows):
    """Any number of processes may run this: each occurrence is one row.

    A task new to the runbook counts from when it is first seen; earlier due times aren't recorded.
    """

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, proving: Proving, cards: RecurringCards) -> None:
        self._db = db
        self._clock = clock
        self._zone = runbook.timezone
        self._tasks = runbook.maintenance.recurring
        self._proving = proving
        self._cards = cards
        self._is_watching = False

    async def take_due(self) -> int:
        now = self._clock.now()
        async with self._db.transaction() as conn:
            if not self._is_watching:
                await self._watch(conn, now)
            told = await self._tell_overdue(conn, now)
            due = await recurring.claim_due(conn, list(self._tasks), now)
            new = [await self._take(conn, self._tasks[key], next_on, now) for key, next_on in due.items()]
            await self._post(conn, [one for one in new if one is not None])
        self._is_watching = True
        return told + len(due)

    @property
    def due_rows(self) -> DueRows:
        return recurring.due_rows(list(self._tasks))

    async def done(self, actor: Actor, occurrence_id: int, evidence: str) -> Occurrence:
        """Mark it done, even if late or missed. Raises AlreadyDone the second time."""
        async with self._db.transaction() as conn:
            now = self._clock.now()
            await requests.once(conn, actor, now)
            found = await recurring.lock(conn, occurrence_id)
            if found.done_at:
                raise AlreadyDone(f"“{found.what}” is done already. Nothing was changed.")
            note = cut(plain_line(evidence), EVIDENCE_LENGTH)
            await recurring.done(conn, found.id, by=actor.name, evidence=note, now=now)
            await audit.write(conn, actor=actor.name, deed="task.done", subject=found.what, at=now)
            await self._cards.show(conn, found.card)
            return await recurring.get(conn, found.id)

    async def find(self, occurrence_id: int) -> Occurrence:
        """The occurrence with this id. Raises NotFound."""
        async with self._db.statement() as conn:
            return await recurring.get(conn, occurrence_id)

    async def on_card(self, card: int) -> Sequence[Occurrence]:
        """The occurrences in one message that aren't done yet, including missed ones; oldest first."""
        async with self._db.statement() as conn:
            return [one for one in await recurring.on_card(conn, card) if not one.done_at]

    async def open_or_proved(self) -> Sequence[Occurrence]:
        """What is due and open, followed by what the bot ticked within the last day."""
        async with self._db.statement() as conn:
            return await recurring.open_or_proved(conn, list(self._tasks), self._clock.now() - DAY)

    def is_overdue(self, one: Occurrence, now: datetime) -> bool:
        return one.is_overdue(now, self._zone)

    async def of_month(self, first: date) -> Sequence[Occurrence]:
        """The occurrences due in the month that begins on `first`, oldest first."""
        async with self._db.statement() as conn:
            return await recurring.between(conn, *month_of(first, self._zone))

    async def _watch(self, conn: Connection, now: datetime) -> None:
        await recurring.forget_others(conn, list(self._tasks))
        for key, task in self._tasks.items():
            next_on = task.first_after(now, self._zone)
            await recurring.watch(conn, key, next_on=next_on, due_at=task.instant(next_on, self._zone), now=now)

    async def _take(self, conn: Connection, task: Recurring, next_on: date, now: datetime) -> int | None:
        """Record all that fell due by now, and plan the next. Returns the latest, to be posted; None if known."""
        ahead = task.first_after(now, self._zone)
        passed = list(takewhile(lambda on: on < ahead, task.days_from(next_on)))
        new = None
        for on in passed[-MISSED_AT_MOST:]:
            await self._close_earlier(conn, task, on, now)
            new = await self._add(conn, task, on, now, is_latest=on == passed[-1])
        await recurring.move(conn, task.key, next_on=ahead, due_at=task.instant(ahead, self._zone), now=now)
        return new

    async def _close_earlier(self, conn: Connection, task: Recurring, on: date, now: datetime) -> None:
        """Close earlier occurrences when the next falls due: done if proved by then, otherwise missed."""
        for one in await recurring.earlier(conn, task.key, on):
            if await self._proving.prove(conn, one, task.instant(on, self._zone)):
                await self._cards.show(conn, one.card)
        for card in await recurring.miss(conn, task.key, on, now):
            await self._cards.show(conn, card)

    async def _add(self, conn: Connection, task: Recurring, on: date, now: datetime, *, is_latest: bool) -> int | None:
        """The new row's id; None if it exists already. Only the latest is posted and reminded of."""
        at = task.instant(on, self._zone)
        return await recurring.add(
            conn, task.key, task.what, task.every, due_on=on, due_at=at,
            look_at=told_overdue_at(at, at, self._zone) if is_latest else None, posted_at=now if is_latest else None,
        )  # fmt: skip

    async def _post(self, conn: Connection, new: Sequence[int]) -> None:
        """Post what fell due together as one message (per `MOST_ON_A_CARD`), ticking what is proved already."""
        for start in range(0, len(new), MOST_ON_A_CARD):
            some = new[start : start + MOST_ON_A_CARD]
            await recurring.put_on_card(conn, some, some[0])
            for one in some:
                await self._proving.prove(conn, await recurring.get(conn, one), self._clock.now())
            await self._cards.show(conn, some[0])

    async def _tell_overdue(self, conn: Connection, now: datetime) -> int:
        """Remind the lead of everything overdue in one message, first ticking what has been proved meanwhile."""
        claimed, found = await recurring.claim_overdue(conn, now), []
        for one in claimed:
            if await self._proving.prove(conn, one, now):
                await self._cards.show(conn, one.card)
                continue
            await recurring.look_again(conn, one.id, told_overdue_at(one.due_at, now, self._zone))
            found.append(one)
        if found:
            await self._cards.tell_lead(conn, found, now)
        return len(claimed)
