"""Carries everything that leaves the house: claim, send, record what the other side said."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.services.outbox.attempts import Attempts
from bot.services.outbox.kinds import PAGE, DeliveryKind
from bot.services.outbox.leases import LEASE, Leases, Watch
from bot.services.outbox.places import ANY, Places, is_filled, is_short
from bot.services.outbox.precedence import Precedence
from bot.services.outbox.records import Records
from bot.store.database import Database
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery, InHand, Place
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

LET_GO_AGAIN_AFTER_S = 0.5


class Outbox:
    """Put in within the transaction of a deed; carried after its commit, by any process, once."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._kinds: dict[str, DeliveryKind] = {}
        self.records = Records(db, clock)
        self.leases = Leases(db, clock)
        self._watch = Watch(clock)
        self._attempts = Attempts(clock, self._kinds)
        self.precedence = Precedence(clock)
        self._places = Places(self.precedence)
        self._under_way: dict[int, asyncio.Task[bool]] = {}
        self._letting_go: set[asyncio.Task[None]] = set()
        self._looks = 0
        # Was the last look limited by what may be under way? Whoever ends first makes room.
        self.more_is_due = False
        self.due_next: datetime | None = None
        # Something may have become due by what has ended: a place is free, or the next of a lane has its turn.
        self.on_done: Callable[[], None] = lambda: None
        # Does this process carry anything at all? One that only puts in leaves it to others.
        self.is_carrying: Callable[[], bool] = lambda: False

    def carries(self, kind: str, delivery_kind: DeliveryKind) -> None:
        self._kinds[kind] = delivery_kind
        self.records.of(kind, delivery_kind)

    async def put(
        self,
        conn: Connection,
        kind: str,
        payload: Mapping[str, Any],
        *,
        priority: int,
        key: str | None = None,
        lane: str | None = None,
        way: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """`key`: while one with this key waits, another is the same. `lane`: one after the other, in order.

        `way`: by whom it leaves; None: as its kind says.
        """
        by = way or (self._kinds[kind].way if kind in self._kinds else DeliveryKind.way)
        now = self._clock.now()
        await outbox.put(conn, kind, payload, now=now, priority=priority, key=key, lane=lane, way=by, due_at=due_at)

    def has_places(self, way: str, count: int) -> bool:
        """May so many pages be put in hand that leave by this way?"""
        return self.is_carrying() and self._places.has(way, count)

    def put_in_hand(self, conn: Connection, kind: str, given: Sequence[InHand]) -> None:
        """As `put`, of what cannot wait to be claimed: that is done by putting it in, and it is begun after the commit.

        When the commit's outcome is unknown, whatever was committed is let go as soon as the database answers.
        """
        now, holder = self._clock.now(), self._db.process
        on_unknown = partial(self._let_go, kind, given)
        outbox.put_in_hand(
            conn, kind, given, self._begin_all, on_unknown, now=now, lease_until=now + LEASE, holder=holder
        )

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
        offers = self._places.offers()
        claimed = [await self._take(offer) for offer in offers]
        filled = any(is_filled(offer, some) for offer, some in zip(offers, claimed, strict=True))
        self.more_is_due = filled or is_short(offers[-1])
        return sum(map(len, claimed))

    async def _take(self, offer: Sequence[Place]) -> list[Delivery]:
        now, (any_other, *places) = self._clock.now(), offer
        assert any_other.way == ANY
        try:
            async with self._db.statement() as conn:
                look = await outbox.claim(
                    conn, now=now, lease_until=now + LEASE, lowest=any_other.lowest, free=any_other.free,
                    places=places, full=self._places.full, in_hand=list(self._under_way), over=self._watch.over,
                    believed=self._clock.at_database(), holder=self._db.process,
                )  # fmt: skip
        except Failed:
            self._watch.was_interrupted()
            raise
        self._watch.saw(look.lapsed)
        self.due_next = self._sooner(look.due_at)
        self._begin_all(look.claimed)
        return look.claimed

    def _sooner(self, due_at: datetime | None) -> datetime | None:
        """That, or when the next claim that is watched is over."""
        left = self._watch.left
        over_at = None if left is None else self._clock.now() + left
        return min(filter(None, (due_at, over_at)), default=None)

    async def next_due(self) -> datetime | None:
        """Of what has a place: for the rest, whatever ends first has us look again."""
        async with self._db.statement() as conn:
            return self._sooner(await outbox.next_due(conn, self._clock.now(), self._places.full))

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: let what is under way end; the rest is somebody else's when its lease is over."""
        tasks = [*self._under_way.values(), *self._letting_go]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
        for task in tasks:
            task.cancel()
        self.leases.stop()

    def _begin_all(self, deliveries: Sequence[Delivery]) -> None:
        pages = [delivery for delivery in deliveries if delivery.priority <= PAGE]
        for page in pages:
            self.precedence.is_to_leave(page.id)
        gates = self.precedence.gates
        for delivery in deliveries:
            self._begin(delivery, behind=[] if delivery.priority <= PAGE else gates)

    def _begin(self, delivery: Delivery, *, behind: Sequence[asyncio.Event]) -> None:
        task = asyncio.create_task(self._carry(delivery, behind), name=f"{delivery.kind} {delivery.id}")
        self._under_way[delivery.id] = task
        self._places.take(delivery)
        self.leases.hold(delivery)
        task.add_done_callback(lambda done: self._done(delivery, done))

    def _done(self, delivery: Delivery, task: asyncio.Task[bool]) -> None:
        self.leases.let_go(delivery)
        self._places.leave(delivery)
        if self._under_way.get(delivery.id) is not task:
            # We were frozen for longer than its lease, and have claimed it anew since.
            return
        del self._under_way[delivery.id]
        self.precedence.has_left(delivery.id)
        if self.more_is_due or task.cancelled() or task.exception() or task.result():
            self.on_done()

    async def _carry(self, delivery: Delivery, behind: Sequence[asyncio.Event]) -> bool:
        """Returns whether another waits for its turn in the same lane."""
        await self.precedence.follow(behind)
        outcome = await self._attempts.make(delivery)
        self.precedence.has_left(delivery.id)
        if outcome.error:
            level = logging.INFO if outcome.state == "cancelled" else logging.WARNING
            log.log(level, "delivery=%s kind=%s %s error=%r", delivery.id, delivery.kind, outcome.state, outcome.error)
        await self.precedence.give_way()
        looks = self._looks
        is_followed = await self.records.keep(delivery, outcome)
        # What was put into its lane meanwhile may have been looked for before the lane was free.
        return is_followed or (delivery.lane is not None and self._looks != looks)
