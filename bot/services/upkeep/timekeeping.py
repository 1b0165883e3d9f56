"""Keeps the database's time. A clock that was set is noticed at once, followed and logged, and moves no timer."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import A_STEP, Clock
from bot.domain.alerts.alert import CONTRADICTED_FOR, PAGE_AFTER
from bot.domain.errors import Failed
from bot.domain.paging.escalation import REACH_WITHIN
from bot.metrics import Metrics
from bot.services.outbox.kinds import LONGEST_BACKOFF
from bot.services.outbox.leases import LEASE
from bot.services.outbox.limits import PACE
from bot.services.rooms.in_doubt import LOOKED_AT
from bot.store.database import Database
from bot.store.upkeep import timekeeping
from bot.store.upkeep.timekeeping import Waits
from bot.wire.answers import LONGEST_WAIT

log = logging.getLogger(__name__)

WAITS = Waits(
    reach_within=REACH_WITHIN, lease=LEASE, longest_backoff=LONGEST_BACKOFF, last_look=LOOKED_AT[-1],
    longest_limit=LONGEST_WAIT,
    limit_remembered=PACE.remembered, page_after=PAGE_AFTER, contradicted_for=CONTRADICTED_FOR,
)  # fmt: skip
# A small difference is trusted only from a quick answer.
QUICK = timedelta(milliseconds=500)
# How long a step is reported to monitoring.
REMEMBERED = timedelta(hours=1)
# A process that hadn't noticed yet may have written a timer by the old time: repair again after this.
LOOK_AGAIN_AFTER = timedelta(seconds=5)


@dataclass(frozen=True)
class ClockStep:
    """The database's clock was set by this much, forward or (negative) back; `at`: when it was noticed, in new time."""

    by: timedelta
    at: datetime


class Timekeeping:
    """One per process. Each notices by itself; what one has repaired, the others find right."""

    def __init__(self, db: Database, clock: Clock, metrics: Metrics) -> None:
        self._db = db
        self.clock = clock
        self._metrics = metrics
        self._step: ClockStep | None = None
        self._one_at_a_time = asyncio.Lock()
        # At start too: the clock may have been set while nobody was running.
        self._owed: timedelta | None = timedelta(0)
        self._again_at: timedelta | None = None

    async def begin(self) -> None:
        """At start: adopt the database's time, whatever the machine's is. Raises Failed."""
        now, asked, answered = await self._ask()
        self.clock.correct(now, at=(asked + answered) / 2)

    async def look(self) -> None:
        """Before the first round, every second, and at once when another process has noticed a step. If the database
        doesn't answer, nothing changes; never raises Failed."""
        async with self._one_at_a_time:
            try:
                await self._compare()
                await self._put_right_what_is_owed()
            except Failed as error:
                log.warning("clock: %s", error)

    async def put_right(self, *, by: timedelta = timedelta(0)) -> None:
        """Pull in whatever is due later than its own wait allows; `by`: how much the clock was set, if known.

        Not in one transaction: that would lock rows of every table, in another order than a deed does. Raises Failed.
        """
        async with self._db.statement() as conn:
            if by:
                await timekeeping.ring(conn)
            changed = await timekeeping.put_right(conn, self.clock.now(), WAITS, by=by)
        if changed:
            log.warning("clock: put right %s", " ".join(f"{kind}={count}" for kind, count in changed.items()))

    @property
    def latest_step(self) -> ClockStep | None:
        """None also when it was long ago."""
        return self._step if self.clock.stepped_within(REMEMBERED) else None

    @property
    def machine_ahead(self) -> timedelta:
        """How far this machine's clock is ahead of the database's; for information only."""
        return self.clock.machine_now() - self.clock.at_database()

    async def _ask(self) -> tuple[datetime, timedelta, timedelta]:
        """The database's time, and the readings of the steady counter before and after asking."""
        async with self._db.statement() as conn:
            asked = self.clock.elapsed()
            return await timekeeping.time(conn), asked, self.clock.elapsed()

    async def _compare(self) -> None:
        """An answer between our times at asking and at receiving agrees: a clock as exact as one query can tell must
        not jump."""
        now, asked, answered = await self._ask()
        believed = self.clock.at_database_when(asked), self.clock.at_database_when(answered)
        if believed[0] <= now <= believed[1]:
            return
        apart = now - (believed[0] if now < believed[0] else believed[1])
        if abs(apart) >= A_STEP:
            self._follow(now, at=(asked + answered) / 2)
        elif answered - asked <= QUICK:
            self.clock.correct(now, at=(asked + answered) / 2)

    def _follow(self, now: datetime, *, at: timedelta) -> None:
        by = self.clock.correct(now, at=at)
        self.clock.has_stepped()
        self._step = ClockStep(by, now)
        self._metrics.clock_stepped()
        self._owed = by
        log.error("clock: the database's clock was set by %+.1f s", by.total_seconds())

    async def _put_right_what_is_owed(self) -> None:
        if self._owed is not None:
            await self.put_right(by=self._owed)
            self._owed, self._again_at = None, self.clock.elapsed() + LOOK_AGAIN_AFTER
        elif self._again_at is not None and self.clock.elapsed() >= self._again_at:
            await self.put_right()
            self._again_at = None
