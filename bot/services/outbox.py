"""Carries everything that leaves the house: claim, send, record what the other side said."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Failed, RateLimited, Rejected, Unanswered
from bot.outgoing import Yes, only_before
from bot.services.errands import PAGE, UPDATE, Errand, NoLongerWanted, NotYet, Outcome, backoff
from bot.services.leases import LEASE, TAKEN_OVER_AFTER, Leases, Watch
from bot.services.precedence import MANY_PAGES, Precedence
from bot.services.records import Records
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Delivery, InHand
from bot.store.queries import Connection

log = logging.getLogger(__name__)

# An attempt ends so long before anybody may take over what it sends, even if its claim could not be renewed: also one
# that was frozen and wakes up sends nothing any more.
MARGIN = timedelta(seconds=3)
ATTEMPT = TAKEN_OVER_AFTER - MARGIN
AT_ONCE = 128
# Of everything but pages: when all of that is slow, a page still finds a place, and no crowd before the processor.
OTHERS_AT_ONCE = 32
# Beside many pages that wait for their providers, of everything else so many at a time.
BESIDE_PAGES = 4
GIVE_UP_AFTER = timedelta(hours=6)
# What fails by a fault of ours fails again: it must not hold its lane for hours.
FAULTS = 10
LOOK_AGAIN_AFTER = timedelta(seconds=5)
LET_GO_AGAIN_AFTER_S = 0.5


class Outbox:
    """Put in within the transaction of a deed; carried after its commit, by any process, once."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._errands: dict[str, Errand] = {}
        self.records = Records(db, clock)
        self.leases = Leases(db, clock)
        self._watch = Watch(clock)
        self.precedence = Precedence(clock)
        self._under_way: dict[int, asyncio.Task[bool]] = {}
        self._letting_go: set[asyncio.Task[None]] = set()
        self._pages: set[int] = set()
        self._looks = 0
        # Was the last look limited by what may be under way? Whoever ends first makes room.
        self.more_is_due = False
        self.due_next: datetime | None = None
        # Something may have become due by what has ended: a place is free, or the next of a lane has its turn.
        self.on_done: Callable[[], None] = lambda: None
        # Does this process carry anything at all? One that only puts in leaves it to others.
        self.is_carrying: Callable[[], bool] = lambda: False

    def carries(self, kind: str, errand: Errand) -> None:
        self._errands[kind] = errand
        self.records.of(kind, errand)

    async def put(
        self,
        conn: Connection,
        kind: str,
        payload: Mapping[str, Any],
        *,
        priority: int,
        key: str | None = None,
        lane: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """`key`: while one with this key waits, another is the same. `lane`: one after the other, in order."""
        now = self._clock.now()
        await outbox.put(conn, kind, payload, now=now, priority=priority, key=key, lane=lane, due_at=due_at)

    def has_places(self, count: int) -> bool:
        """May so many be put in hand?"""
        return self.is_carrying() and len(self._under_way) + count <= AT_ONCE

    def put_in_hand(self, conn: Connection, kind: str, given: Sequence[InHand]) -> None:
        """As `put`, of what cannot wait to be claimed: that is done by putting it in, and it is begun after the commit.

        When the commit is not heard of, whatever of it was committed is let go as soon as the database answers.
        """
        now, holder = self._clock.now(), self._db.process
        unheard = partial(self._let_go, kind, given)
        outbox.put_in_hand(conn, kind, given, self._begin_all, unheard, now=now, lease_until=now + LEASE, holder=holder)

    def _let_go(self, kind: str, given: Sequence[InHand]) -> None:
        async def let_go() -> None:
            while True:
                try:
                    async with self._db.statement() as conn:
                        await outbox.let_go(conn, kind, given, now=self._clock.now(), holder=self._db.process)
                    return
                except Failed:
                    await asyncio.sleep(LET_GO_AGAIN_AFTER_S)

        task = asyncio.create_task(let_go(), name=f"let go {kind}")
        self._letting_go.add(task)
        task.add_done_callback(self._letting_go.discard)

    async def wake(self, conn: Connection, kinds: list[str], payload: Mapping[str, Any]) -> None:
        """What these kinds have been waiting for is there: those with this payload are due now."""
        await outbox.bring_forward(conn, kinds, payload, self._clock.now())

    async def take_due(self) -> int:
        """Claim what is due and begin to carry it; returns how many were claimed."""
        if not self.precedence.is_a_storm:
            await self.precedence.give_way()
        self._looks += 1
        self.due_next = None
        places = [(lowest, max(limit, 0)) for lowest, limit in self._places()]
        taken = [await self._take(lowest, limit) if limit else 0 for lowest, limit in places]
        filled = any(count == limit for count, (_, limit) in zip(taken, places, strict=True))
        self.more_is_due = filled or places[-1][0] < UPDATE
        if self._is_full:
            self.due_next = None
        return sum(taken)

    async def _take(self, lowest: int, limit: int) -> int:
        now = self._clock.now()
        try:
            async with self._db.statement() as conn:
                look = await outbox.claim(
                    conn, now=now, lease_until=now + LEASE, limit=limit, lowest=lowest, in_hand=list(self._under_way),
                    believed=self._clock.at_database(), over=self._watch.over, holder=self._db.process,
                )  # fmt: skip
        except Failed:
            self._watch.was_interrupted()
            raise
        self._watch.saw(look.lapsed)
        self.due_next = self._sooner(look.due_at)
        self._begin_all(look.claimed)
        return len(look.claimed)

    def _sooner(self, due_at: datetime | None) -> datetime | None:
        """That, or when the next claim that is watched is over."""
        left = self._watch.left
        over_at = None if left is None else self._clock.now() + left
        return min(filter(None, (due_at, over_at)), default=None)

    def _places(self) -> list[tuple[int, int]]:
        """How many may be claimed now, each with the least urgent that may be among them."""
        free, free_for_others = AT_ONCE - len(self._under_way), OTHERS_AT_ONCE - self._others
        rushing = self.precedence.is_rushing()
        if rushing and not self.precedence.rushed_since_long:
            return [(PAGE, free)]
        if rushing or len(self._pages) >= MANY_PAGES:
            return [(PAGE, free), (UPDATE, min(BESIDE_PAGES - self._others, free))]
        return [(UPDATE, min(free_for_others, free)) if free_for_others > 0 else (PAGE, free)]

    async def next_due(self) -> datetime | None:
        """None also while every place is taken: whatever ends first has us look again."""
        if self._is_full:
            return None
        async with self._db.statement() as conn:
            return self._sooner(await outbox.next_due(conn, self._clock.now()))

    @property
    def _is_full(self) -> bool:
        return self._others >= OTHERS_AT_ONCE or len(self._under_way) >= AT_ONCE

    @property
    def _others(self) -> int:
        """How many that are under way are no pages."""
        return len(self._under_way) - len(self._pages)

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, patience_s: float) -> None:
        """At shutdown: let what is under way end; the rest is somebody else's when its lease is over."""
        tasks = [*self._under_way.values(), *self._letting_go]
        if tasks:
            await asyncio.wait(tasks, timeout=patience_s)
        for task in tasks:
            task.cancel()
        self.leases.stop()

    def _begin_all(self, deliveries: Sequence[Delivery]) -> None:
        pages = [delivery for delivery in deliveries if delivery.priority <= PAGE]
        self._pages.update(page.id for page in pages)
        for page in pages:
            self.precedence.is_to_leave(page.id)
        gates = self.precedence.gates
        for delivery in deliveries:
            self._begin(delivery, behind=[] if delivery.priority <= PAGE else gates)

    def _begin(self, delivery: Delivery, *, behind: Sequence[asyncio.Event]) -> None:
        task = asyncio.create_task(self._carry(delivery, behind), name=f"{delivery.kind} {delivery.id}")
        self._under_way[delivery.id] = task
        self.leases.hold(delivery)
        task.add_done_callback(lambda done: self._done(delivery, done))

    def _done(self, delivery: Delivery, task: asyncio.Task[bool]) -> None:
        self.leases.let_go(delivery)
        if self._under_way.get(delivery.id) is not task:
            # We were frozen for longer than its lease, and have claimed it anew since.
            return
        del self._under_way[delivery.id]
        self._pages.discard(delivery.id)
        self.precedence.has_left(delivery.id)
        if self.more_is_due or task.cancelled() or task.exception() or task.result():
            self.on_done()

    async def _carry(self, delivery: Delivery, behind: Sequence[asyncio.Event]) -> bool:
        """Returns whether another waits for its turn in the same lane."""
        await self.precedence.follow(behind)
        outcome = await self._attempt(delivery)
        self.precedence.has_left(delivery.id)
        if outcome.error:
            level = logging.INFO if outcome.state == "cancelled" else logging.WARNING
            log.log(level, "delivery=%s kind=%s %s error=%r", delivery.id, delivery.kind, outcome.state, outcome.error)
        await self.precedence.give_way()
        looks = self._looks
        is_followed = await self.records.keep(delivery, outcome)
        # What was put into its lane meanwhile may have been looked for before the lane was free.
        return is_followed or (delivery.lane is not None and self._looks != looks)

    async def _attempt(self, delivery: Delivery) -> Outcome:
        with Yes.heard() as yes:
            outcome = await self._send(delivery)
        if yes.reference is None or outcome.state == "sent":
            return outcome
        # Whatever failed after it, such as a polite goodbye: it was accepted, and is not sent again.
        log.warning("delivery=%s kind=%s was accepted; then: %s", delivery.id, delivery.kind, outcome.error)
        return Outcome("sent", reference=yes.reference)

    async def _send(self, delivery: Delivery) -> Outcome:
        try:
            left = self._time_left(delivery)
            async with asyncio.timeout(left):
                with only_before(self._is_over(delivery, left)):
                    return Outcome("sent", reference=await self._errands[delivery.kind].send(delivery))
        except NoLongerWanted as reason:
            return Outcome("cancelled", error=str(reason) or None)
        except NotYet as reason:
            return self._not_yet(delivery, reason)
        except Rejected as error:
            return Outcome("refused", error=str(error))
        except RateLimited as error:
            return self._again(delivery, str(error), error.retry_after)
        except Unanswered as error:
            return self._again(delivery, str(error), unsure=True)
        except TimeoutError:
            return self._again(delivery, f"no answer within {ATTEMPT.total_seconds():.0f} s", unsure=True)
        except Failed as error:
            return self._again(delivery, str(error))
        except Exception as error:
            log.exception("delivery=%s kind=%s", delivery.id, delivery.kind)
            if delivery.attempts >= FAULTS:
                return Outcome("gave_up", error=f"a fault in Tocsin: {error}")
            return self._again(delivery, f"a fault in Tocsin: {error}", unsure=True)

    def _not_yet(self, delivery: Delivery, reason: NotYet) -> Outcome:
        now = self._clock.now()
        if now - delivery.created_at > GIVE_UP_AFTER:
            return Outcome("gave_up", error=str(reason))
        again_at = now + LOOK_AGAIN_AFTER
        return Outcome("waiting", again_at=again_at, unsure=delivery.unsure, is_there=reason.is_there)

    def _is_over(self, delivery: Delivery, left_s: float | None) -> Callable[[], bool]:
        """Is its time over? Also by the steady counter: a clock that is set back gives it no more."""
        end = self._clock.elapsed() + timedelta(seconds=left_s) if left_s is not None else timedelta.max
        return lambda: self._clock.now() >= self._end_of(delivery) or self._clock.elapsed() >= end

    def _time_left(self, delivery: Delivery) -> float | None:
        """Seconds an attempt may take; None while the clock stands still."""
        left = self._clock.seconds_until(self._end_of(delivery))
        return None if left == float("inf") else left

    def _end_of(self, delivery: Delivery) -> datetime:
        return delivery.lease_until - LEASE + ATTEMPT

    def _again(self, delivery: Delivery, error: str, wait: timedelta | None = None, *, unsure: bool = False) -> Outcome:
        now = self._clock.now()
        if now - delivery.created_at > GIVE_UP_AFTER:
            return Outcome("gave_up", error=error)
        again_at = now + (wait or backoff(delivery.attempts, number=delivery.id))
        return Outcome("waiting", error=error, again_at=again_at, unsure=unsure)
