"""Leases: a process renews its own claims while it holds them, and watches those of others until they have lapsed."""

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

# A dead process's claims are taken over after this: soon enough that nobody counts as not reached because of it.
TAKEN_OVER_AFTER = timedelta(seconds=15)
# An expired claim has to be seen unchanged for this long, with every query answered, before it is taken over. Right
# after a database outage all leases have expired, those of live processes too: this gives them time to renew, and to
# record outcomes.
WATCHED_FOR = timedelta(seconds=5)
LEASE = TAKEN_OVER_AFTER - WATCHED_FOR
# Twice within WATCHED_FOR, with one more chance when a renewal fails.
RENEWED_EVERY = timedelta(seconds=2)
RENEW_AGAIN_AFTER_S = 0.5


class Leases:
    """Deliveries this process holds: those being sent, and those sent whose outcome is not recorded yet.

    Their leases are renewed on the intake pool, which waits for no other work, as long as the process lives; when one
    expires, another process may assume that we are dead.
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
        """Stop renewing it: its outcome is recorded or abandoned. Idempotent."""
        if self._held.get(delivery.id, (None,))[0] is delivery:
            del self._held[delivery.id]

    def stop(self) -> None:
        """At shutdown: stop renewing; what is still held can be claimed by anyone when its lease expires."""
        self._held = {}
        if self._renewing:
            self._renewing.cancel()

    async def renew(self) -> None:
        """Renew what has been held for a while; most deliveries end long before. Raises a kind of Failed."""
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
        """Returns how many seconds to wait until the next renewal."""
        try:
            await self.renew()
        except Failed:
            return RENEW_AGAIN_AFTER_S
        except Exception:
            # Catch everything: a process that stops renewing would be taken for dead.
            log.exception("leases")
        return RENEWED_EVERY.total_seconds()


class Watch:
    """Which claims of other processes have lapsed: those seen expired and unchanged for `WATCHED_FOR`.

    Measured on the steady counter, so that setting a clock cannot make a live process's claim look old.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen_at: dict[Lapse, timedelta] = {}

    def saw(self, lapsed: Sequence[Lapse]) -> None:
        """Exactly these claims are past their lease now."""
        now = self._clock.passed()
        self._seen_at = {one: self._seen_at.get(one, now) for one in lapsed}

    def was_interrupted(self) -> None:
        """The database did not answer us, so perhaps it did not answer their renewals either: start watching anew."""
        self._seen_at = {}

    @property
    def over(self) -> list[Lapse]:
        now = self._clock.passed()
        return [one for one, since in self._seen_at.items() if now - since >= WATCHED_FOR]

    @property
    def left(self) -> timedelta | None:
        """Time until the next watched claim counts as lapsed; None when none is watched."""
        since = min(self._seen_at.values(), default=None)
        return None if since is None else max(since + WATCHED_FOR - self._clock.passed(), timedelta(0))
