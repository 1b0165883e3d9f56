"""Claims: a process keeps its own alive while it has them in hand, and watches those of others until they are over."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.store.database import Database
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery, Lapse

log = logging.getLogger(__name__)

# What a process that died had claimed is taken over after this: before a person counts as not reached.
TAKEN_OVER_AFTER = timedelta(seconds=15)
# So long somebody who would take it over sees it unchanged, with a database that answers every time. Right after an
# outage every lease is over, of the living too: they have this long to say so, and to write down what they know.
WATCHED_FOR = timedelta(seconds=5)
LEASE = TAKEN_OVER_AFTER - WATCHED_FOR
# Twice within the time of the watch, and once more when one of them fails.
RENEWED_EVERY = timedelta(seconds=2)
RENEW_AGAIN_AFTER_S = 0.5


class Leases:
    """What this process has in hand: being sent, or sent and its outcome not yet written down.

    It is renewed on a line that waits for no other work, while the process lives; whoever finds a claim of ours over
    may believe that we are dead.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._held: dict[int, tuple[Delivery, timedelta]] = {}
        self._renewing: asyncio.Task[None] | None = None

    def hold(self, delivery: Delivery) -> None:
        self._held[delivery.id] = delivery, self._clock.passed()
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._go_on_renewing(), name="leases")

    def let_go(self, delivery: Delivery) -> None:
        """It is written down, or given up; may be said twice."""
        if self._held.get(delivery.id, (None,))[0] is delivery:
            del self._held[delivery.id]

    def stop(self) -> None:
        """At shutdown: what is left in hand is anybody's when its lease is over."""
        self._held = {}
        if self._renewing:
            self._renewing.cancel()

    async def renew(self) -> None:
        """Whatever has been in hand for a while: most of what leaves is over long before. Raises a kind of Failed."""
        now = self._clock.passed()
        old = [one for one, since in self._held.values() if now - since >= RENEWED_EVERY]
        if old:
            async with self._db.intake() as conn:
                await outbox.renew(conn, old, until=self._clock.now() + LEASE)

    async def _go_on_renewing(self) -> None:
        wait_s = RENEWED_EVERY.total_seconds()
        try:
            while self._held:
                await asyncio.sleep(wait_s)
                wait_s = await self._try()
        finally:
            self._renewing = None

    async def _try(self) -> float:
        """Returns how many seconds to wait."""
        try:
            await self.renew()
        except Failed:
            return RENEW_AGAIN_AFTER_S
        except Exception:
            # A door: who renews nothing any more is taken for dead.
            log.exception("leases")
        return RENEWED_EVERY.total_seconds()


class Watch:
    """Which claims of others are over: those that were seen unchanged since their end for `WATCHED_FOR`.

    By the steady counter, so that no clock that is set makes a claim of the living look old.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen_at: dict[Lapse, timedelta] = {}

    def saw(self, lapsed: Sequence[Lapse]) -> None:
        """These, and no others, are behind their time now."""
        now = self._clock.passed()
        self._seen_at = {one: self._seen_at.get(one, now) for one in lapsed}

    def was_interrupted(self) -> None:
        """The database did not answer us: perhaps it did not answer them."""
        self._seen_at = {}

    @property
    def over(self) -> list[Lapse]:
        now = self._clock.passed()
        return [one for one, since in self._seen_at.items() if now - since >= WATCHED_FOR]

    @property
    def left(self) -> timedelta | None:
        """Until the next of them is over; None when none is watched."""
        since = min(self._seen_at.values(), default=None)
        return None if since is None else max(since + WATCHED_FOR - self._clock.passed(), timedelta(0))
