"""The alarm clock: sleeps until the earliest due row, is woken by the database's bell, and sweeps every second."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.doors.bells import BELLS, CLOCK, MIGRATED, PEOPLE
from bot.doors.overview import Overview
from bot.doors.rounds import Round
from bot.services.people.people import People
from bot.services.upkeep.conditions import Conditions
from bot.services.upkeep.timekeeping import Timekeeping
from bot.services.upkeep.watchdog import Watchdog
from bot.store.database import Database
from bot.store.paging import pages

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0
# How often to check the database's clock, and the conditions for being on duty.
LOOK_EVERY_S = 1.0
# Under load a sweep takes longer.
ALARM_WITHIN_SWEEPS = 3
BREATH_S = 0.05
# APScheduler takes about a millisecond to start a job.
READY_BEFORE_S = 0.005
LISTEN_AGAIN_AFTER_S = 1.0
CANCEL_AGAIN_AFTER_S = 1.0
CANCELLATIONS = 2
END_WITHIN_S = 4.0
# APScheduler's defaults drop a job that is a second late, and one whose previous run hasn't ended.
NEVER_SKIP = {"misfire_grace_time": None, "coalesce": True, "max_instances": 100}


class Scheduler:
    """One per process, with any number of processes: the database decides which of them gets a row.

    While suspended from duty, the process makes no rounds.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        rounds: Mapping[str, Round],
        *,
        watchdog: Watchdog,
        conditions: Conditions,
        timekeeping: Timekeeping,
        people: People,
        on_cancelled: Callable[[Sequence[int]], None],
        sweep_every_s: float = SWEEP_EVERY_S,
    ) -> None:
        """`on_cancelled`: called with the numbers of pages whose cancellation some process has just committed."""
        self._db = db
        self._clock = clock
        self._rounds = rounds
        self._overview = Overview(db, rounds)
        self._watchdog = watchdog
        self._conditions, self._timekeeping, self._people = conditions, timekeeping, people
        self._on_cancelled = on_cancelled
        self._sweep_every_s = sweep_every_s
        self._migrated, self._clock_was_set, self._people_came = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._bells = {name: one.bell or asyncio.Event() for name, one in rounds.items()}
        self._alarm = AsyncIOScheduler(timezone="UTC", job_defaults=NEVER_SKIP)
        self._going_round: list[asyncio.Task[None]] = []
        self._watching: list[asyncio.Task[None]] = []
        self._stopping = False
        self._busy: set[str] = set()
        self._set_for: dict[str, datetime] = {}

    def start(self) -> None:
        self._alarm.start()
        for name in self._rounds:
            self._watchdog.feed(name)
        self._clock.on_move(self.wake)
        self._going_round = [asyncio.create_task(self._go_round(name), name=f"round {name}") for name in self._rounds]
        watchers = {
            "bell": self._listen,
            "overview": self._look_over_all,
            "sweep": self._sweep,
            "clock": self._keep_time,
            "conditions": self._watch_conditions,
            "people": self._learn_people,
        }
        self._watching = [asyncio.create_task(watcher(), name=name) for name, watcher in watchers.items()]

    async def stop(self, within_s: float = END_WITHIN_S) -> None:
        """Let every round finish its look, so that nothing is claimed and then abandoned; starts nothing new.

        What has not ended in time is cancelled, and gets a second or two to notice.
        """
        # Paused now and shut down at the end: cancelled, it would log an alarm that goes off at this moment as an
        # error.
        self._alarm.pause()
        self._stopping = True
        self._wake_each(self._rounds)
        await asyncio.wait(self._going_round, timeout=min(within_s, END_WITHIN_S))
        left = {*self._going_round, *self._watching}
        for _ in range(CANCELLATIONS):
            # Repeatedly, because a library may swallow a cancellation.
            for task in left:
                task.cancel()
            if left:
                _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_AFTER_S)
        self._alarm.shutdown(wait=False)

    def wake(self, name: str | None = None) -> None:
        """Have a round look at once; without a name, every round that has something due."""
        if name:
            self._bells[name].set()
        else:
            self._overview.bell.set()

    def _wake_each(self, names: Iterable[str]) -> None:
        for name in names:
            self._bells[name].set()

    @property
    def is_quiet(self) -> bool:
        """Is no round working or asked to look?"""
        rung = any(bell.is_set() for bell in [self._overview.bell, *self._bells.values()])
        return not self._busy and not rung

    async def _look_over_all(self) -> None:
        while True:
            await self._overview.bell.wait()
            self._busy.add(ALL)
            self._overview.bell.clear()
            try:
                await self._wake_what_is_due()
            except Failed as error:
                log.warning("overview: %s", error)
                self._wake_each(self._rounds)
            except Exception:
                # Catch everything, and let each round find out for itself.
                log.exception("overview")
                self._wake_each(self._rounds)
            finally:
                self._busy.discard(ALL)

    async def _wake_what_is_due(self) -> None:
        if not self._conditions.are_met:
            return
        looked_at = self._clock.now()
        dues = await self._overview.dues()
        self._wake_each({*self._overview.others, *self._overview.unseen})
        for name, due_at in dues.items():
            if due_at is not None and due_at <= self._clock.now():
                self.wake(name)
            else:
                self._set_alarm(name, due_at, looked_at)

    async def _go_round(self, name: str) -> None:
        bell = self._bells[name]
        while True:
            await bell.wait()
            if self._stopping:
                return
            self._busy.add(name)
            bell.clear()
            try:
                await self._look(name)
            except Failed as error:
                log.warning("round=%s %s", name, error)
            except Exception:
                # Catch everything: an error in one round must not stop the alarm clock.
                log.exception("round=%s", name)
            finally:
                self._busy.discard(name)
                self._watchdog.feed(name)

    async def _look(self, name: str) -> None:
        if not self._conditions.are_met or (name in TAKING_OVER and self._clock.stepped_within(SETTLED_AFTER)):
            return
        service = self._rounds[name]
        while not self._stopping and self._conditions.are_met:
            # Taken before the look: what becomes due during it has not been seen.
            looked_at = self._clock.now()
            look = await service.look()
            self._overview.unseen.discard(name)
            if look.done:
                self._watchdog.feed(name)
                # Most work creates deliveries. Wake the outbox now; its bell takes the way through the database.
                if LEAVES_BY in self._bells and name != LEAVES_BY:
                    self.wake(LEAVES_BY)
            if not look.done or not look.more_is_due:
                self._set_alarm(name, look.due_at, looked_at)
                return

    def _set_alarm(self, name: str, due_at: datetime | None, looked_at: datetime) -> None:
        """Only what is due before the next certain sweep is worth an alarm of its own."""
        if due_at is None or self._clock.is_frozen:
            return
        # A row that was due at the look but couldn't be claimed, because of its lane or another process, must not cause
        # a busy loop. One that has become due since is looked at without delay.
        wait = self._clock.seconds_until(due_at) if due_at > looked_at else BREATH_S
        if wait <= ALARM_WITHIN_SWEEPS * self._sweep_every_s and self._set_for.get(name) != due_at:
            self._set_for[name] = due_at
            at = self._clock.machine_now() + timedelta(seconds=wait)
            early = at - timedelta(seconds=READY_BEFORE_S)
            self._alarm.add_job(self._ring, "date", run_date=early, args=[name, at], id=name, replace_existing=True)

    async def _ring(self, name: str, at: datetime) -> None:
        """A coroutine, because APScheduler runs plain functions in another thread, where an Event must not be set."""
        self._set_for.pop(name, None)
        wait = (at - self._clock.machine_now()).total_seconds()
        asyncio.get_running_loop().call_later(min(wait, READY_BEFORE_S), self.wake, name)

    async def _sweep(self) -> None:
        """Not an APScheduler job: on a machine whose clock is set back it would not run until that time comes again.

        Spread over the interval, so that what becomes due meanwhile doesn't queue behind all rounds.
        """
        while not self._stopping:
            for name in self._rounds:
                await asyncio.sleep(self._sweep_every_s / len(self._rounds))
                self.wake(name)

    async def _keep_time(self) -> None:
        while not self._stopping:
            try:
                await self._timekeeping.look()
            except Exception:
                # Catch everything: without these checks this process would keep a time of its own.
                log.exception("clock")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._clock_was_set.wait()
            self._clock_was_set.clear()

    async def _listen(self) -> None:
        """Rings missed while not listening are covered by one look at each new start."""
        while not self._stopping:
            try:
                async for said in self._db.rung():
                    self._hear(said)
            except Failed as error:
                log.warning("bell: %s", error)
            except Exception:
                # Catch everything: a process that hears no bell would be late each time.
                log.exception("bell")
            await asyncio.sleep(LISTEN_AGAIN_AFTER_S)

    def _hear(self, said: str) -> None:
        if (numbers := pages.cancelled(said)) is not None:
            self._on_cancelled(numbers)
            return
        if said == MIGRATED:
            self._migrated.set()
        elif said == CLOCK:
            self._clock_was_set.set()
        elif said == PEOPLE:
            self._people_came.set()
            return
        self.wake(BELLS.get(said) if BELLS.get(said) in self._rounds else None)

    async def _learn_people(self) -> None:
        while not self._stopping:
            await self._people_came.wait()
            self._people_came.clear()
            try:
                await self._people.recall()
            except Failed as error:
                log.warning("people: %s", error)

    async def _watch_conditions(self) -> None:
        while not self._stopping:
            await self._conditions.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._migrated.wait()
            self._migrated.clear()


# By a clock that was just set, their holders may look silent although they are alive: wait until their heartbeats and
# leases must have been renewed.
TAKING_OVER = frozenset({"checks", "backups", "backup drills", "backup restores"})
SETTLED_AFTER = timedelta(seconds=15)
# Counted as busy beside the rounds: the look at all of them.
ALL = "overview"
# The round that sends what the others queue.
LEAVES_BY = "outbox"
