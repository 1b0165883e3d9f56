"""Carries deliveries: claims them, sends them, records what the other side said."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.services.outbox.attempts import UNATTENDED_AFTER, Attempts
from bot.services.outbox.duty import Duty
from bot.services.outbox.kinds import PAGE, DeliveryKind
from bot.services.outbox.leases import LEASE, TAKEN_OVER_AFTER, Leases, Watch
from bot.services.outbox.limits import Limits
from bot.services.outbox.look import Look
from bot.services.outbox.places import ANY, Places, is_filled, is_short
from bot.services.outbox.precedence import Precedence
from bot.services.outbox.records import Records
from bot.store.database import Database
from bot.store.outbox import limits, outbox
from bot.store.outbox.outbox import Delivery, FreePlace, InHand

log = logging.getLogger(__name__)

LET_GO_AGAIN_AFTER_S = 0.5


class Carrier:
    """One per process, with any number of processes: each delivery is claimed by exactly one.

    `bell` is set when a finished delivery may have made another one due: a place is free, or the next of its lane has
    its turn.
    """

    due_rows = None

    def __init__(
        self, db: Database, clock: Clock, kinds: Mapping[str, DeliveryKind[Any]], precedence: Precedence, duty: Duty
    ) -> None:
        self._db = db
        self._clock = clock
        self._precedence = precedence
        self._duty = duty
        self.bell = asyncio.Event()
        self.records = Records(db, clock, kinds)
        self.leases = Leases(db, clock)
        self._watch = Watch(clock)
        self.limits = Limits(db, clock, kinds)
        self.attempts = Attempts(clock, kinds, self.limits)
        self._places = Places(precedence)
        self._under_way: dict[int, asyncio.Task[bool]] = {}
        self._letting_go: set[asyncio.Task[None]] = set()
        self._looks = 0
        # Did the last look leave due rows behind for lack of places? Then the next delivery to end rings the bell.
        self._more_is_due = False
        self._due_at: datetime | None = None

    async def take_due(self) -> int:
        """Returns how many deliveries were claimed."""
        return (await self.look()).done

    async def look(self) -> Look:
        """Claim what is due and start sending it. What finds no place is looked for again when a delivery ends."""
        if not self._precedence.is_a_storm:
            await self._precedence.give_way()
        self._looks += 1
        self._due_at = None
        offers = self._places.offers()
        claimed = [await self._take(offer) for offer in offers]
        probes = [await self._take_probe(way) for way in self.limits.ready]
        filled = any(is_filled(offer, some) for offer, some in zip(offers, claimed, strict=True))
        self._more_is_due = filled or is_short(offers[-1])
        return Look(sum(map(len, claimed)) + sum(probes), self._more_is_due, self._due_at)

    async def next_due(self) -> datetime | None:
        """When the next delivery is due by a way that has free places."""
        async with self._db.statement() as conn:
            self.limits.saw(await outbox.limits(conn, self._clock.now()))
            return self._sooner(await outbox.next_due(conn, self._clock.now(), self._shut))

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: wait for deliveries in flight; another process takes over the rest when their leases expire."""
        tasks = [*self._under_way.values(), *self._letting_go]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
        for task in tasks:
            task.cancel()
        self.leases.stop()

    def has_places(self, way: str, count: int) -> bool:
        """Is this process on duty, and does this way have places for `count` more pages and no limit?"""
        return self._duty.is_on and self._places.has(way, count) and self.limits.why(way) is None

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        """Start sending claimed deliveries: pages at once, the rest when those pages have left."""
        pages = [delivery for delivery in deliveries if delivery.priority <= PAGE]
        for page in pages:
            self._precedence.is_to_leave(page.id)
        gates = self._precedence.gates
        for delivery in deliveries:
            self._begin(delivery, behind=[] if delivery.priority <= PAGE else gates)

    def let_go(self, kind: str, given: Sequence[InHand]) -> None:
        """Release deliveries whose commit is in doubt: those that were committed become claimable once the database
        answers."""

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

    async def _take(self, offer: Sequence[FreePlace]) -> list[Delivery]:
        now, (any_other, *places) = self._clock.now(), offer
        assert any_other.way == ANY
        try:
            async with self._db.statement() as conn:
                look = await outbox.claim(
                    conn, now=now, lease_until=now + LEASE, lowest=any_other.lowest, free=any_other.free,
                    places=places, full=self._shut, in_hand=list(self._under_way), over=self._watch.over,
                    believed=self._clock.at_database(), holder=self._db.process,
                    unattended_since=now - UNATTENDED_AFTER,
                )  # fmt: skip
        except Failed:
            self._watch.was_interrupted()
            raise
        self._watch.saw(look.lapsed)
        self.limits.saw(look.limits)
        self._due_at = self._sooner(look.due_at)
        self.begin(look.claimed)
        return look.claimed

    async def _take_probe(self, way: str) -> bool:
        """Claim and start the probe of this limited way; False when none could be claimed."""
        now, lease_until = self._clock.now(), self._clock.now() + LEASE
        async with self._db.statement() as conn:
            probe = await limits.claim_probe(
                conn, way, page=PAGE, now=now, lease_until=lease_until, trying_until=now + TAKEN_OVER_AFTER,
                believed=self._clock.at_database(), over=self._watch.over, holder=self._db.process,
                unattended_since=now - UNATTENDED_AFTER,
            )  # fmt: skip
        if probe is not None:
            self.limits.is_tried_by(probe)
            self.begin([probe])
        return probe is not None

    @property
    def _shut(self) -> list[str]:
        """Ways by which nothing is due, because they are full or limited."""
        return [*self._places.full, *self.limits.ways]

    def _sooner(self, due_at: datetime | None) -> datetime | None:
        """The earliest of `due_at`, the time a watched claim counts as lapsed, and the next probe of a limited way."""
        left = self._watch.left
        over_at = None if left is None else self._clock.now() + left
        return min(filter(None, (due_at, over_at, self.limits.next_try)), default=None)

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
            # This process was frozen for longer than the lease, and has claimed the delivery again since.
            return
        del self._under_way[delivery.id]
        self._precedence.has_left(delivery.id)
        if self._more_is_due or task.cancelled() or task.exception() or task.result():
            self.bell.set()

    async def _carry(self, delivery: Delivery, behind: Sequence[asyncio.Event]) -> bool:
        """Returns whether another delivery may be waiting for its turn in the same lane."""
        await self._precedence.follow(behind)
        outcome = await self.attempts.make(delivery)
        self._precedence.has_left(delivery.id)
        if outcome.error:
            level = logging.INFO if outcome.state == "cancelled" else logging.WARNING
            log.log(level, "delivery=%s kind=%s %s error=%r", delivery.id, delivery.kind, outcome.state, outcome.error)
        await self._precedence.give_way()
        if outcome.limit:
            await self.limits.write_down(delivery, outcome.limit)
        looks = self._looks
        is_followed = await self.records.keep(delivery, outcome)
        if await self.limits.has_ended(delivery, outcome):
            self.bell.set()
        # A delivery added to this lane meanwhile may have been passed over, because the lane was not free yet.
        return is_followed or (delivery.lane is not None and self._looks != looks)
