"""The alarm clock: sleeps until the earliest due row, is woken by the database's bell, and sweeps every second."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.doors.bells import BELLS, CLOCK, MIGRATED
from bot.doors.overview import Overview
from bot.doors.rounds import Round
from bot.services.upkeep.conditions import Conditions
from bot.services.upkeep.timekeeping import Timekeeping
from bot.services.upkeep.watchdog import Watchdog
from bot.store.database import Database
from bot.store.paging import pages

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0
# At the database's clock, and at what has to be so that this process is on duty.
LOOK_EVERY_S = 1.0
# Under load a sweep takes longer.
ALARM_WITHIN_SWEEPS = 3
BREATH_S = 0.05
# To begin a job takes APScheduler about a millisecond.
READY_BEFORE_S = 0.005
LISTEN_AGAIN_AFTER_S = 1.0
CANCEL_AGAIN_AFTER_S = 1.0
CANCELLATIONS = 2
END_WITHIN_S = 4.0
# APScheduler's own defaults drop a job that is a second late, and one that is begun while its like is at work.
NEVER_SKIP = {"misfire_grace_time": None, "coalesce": True, "max_instances": 100}


class Scheduler:
    """One per process, any number of processes: which of them takes a row is the database's business.

    While it is suspended from duty, no round is made.
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
        on_cancelled: Callable[[Sequence[int]], None],
        sweep_every_s: float = SWEEP_EVERY_S,
    ) -> None:
        """`on_cancelled`: called with the numbers of pages whose cancellation some process has just committed."""
        self._db = db
        self._clock = clock
        self._rounds = rounds
        self._overview = Overview(db, rounds)
        self._watchdog = watchdog
        self._conditions = conditions
        self._timekeeping = timekeeping
        self._on_cancelled = on_cancelled
        self._sweep_every_s = sweep_every_s
        self._migrated, self._clock_was_set = asyncio.Event(), asyncio.Event()
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
        }
        self._watching = [asyncio.create_task(watcher(), name=name) for name, watcher in watchers.items()]

    async def stop(self, within_s: float = END_WITHIN_S) -> None:
        """Every round ends what it is looking at, so that nothing is claimed and then left; nothing new is begun.

        What has not ended by then is cancelled, and is given a second or two to notice.
        """
        # Shut only at the end: it calls an alarm that goes off this moment an error, when it is cancelled.
        self._alarm.pause()
        self._stopping = True
        self._wake_each(self._rounds)
        await asyncio.wait(self._going_round, timeout=min(within_s, END_WITHIN_S))
        left = {*self._going_round, *self._watching}
        for _ in range(CANCELLATIONS):
            # More than once: a library may lose one.
            for task in left:
                task.cancel()
            if left:
                _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_AFTER_S)
        self._alarm.shutdown(wait=False)

    def wake(self, name: str | None = None) -> None:
        """Have a round look at once; without a name, each that has something due."""
        if name:
            self._bells[name].set()
        else:
            self._overview.bell.set()

    def _wake_each(self, names: Iterable[str]) -> None:
        for name in names:
            self._bells[name].set()

    @property
    def is_quiet(self) -> bool:
        """No round is at work or has been asked to look."""
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
                # A door: each round finds out for itself.
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
                # A door: one round's fault must not stop the alarm clock.
                log.exception("round=%s", name)
            finally:
                self._busy.discard(name)
                self._watchdog.feed(name)

    async def _look(self, name: str) -> None:
        if not self._conditions.are_met or (name in TAKING_OVER and self._clock.stepped_within(SETTLED_AFTER)):
            return
        service = self._rounds[name]
        while not self._stopping and self._conditions.are_met:
            # Before the look, and not after: what becomes due while it is made has not been looked at.
            looked_at = self._clock.now()
            look = await service.look()
            self._overview.unseen.discard(name)
            if look.done:
                self._watchdog.feed(name)
                # Most of what is done has something leave: its bell comes too, by way of the database.
                if LEAVES_BY in self._bells and name != LEAVES_BY:
                    self.wake(LEAVES_BY)
            if not look.done or not look.more_is_due:
                self._set_alarm(name, look.due_at, looked_at)
                return

    def _set_alarm(self, name: str, due_at: datetime | None, looked_at: datetime) -> None:
        """Only for what is due before the sweep is sure to have come by again is it worth an alarm of its own."""
        if due_at is None or self._clock.is_frozen:
            return
        # A row that was due when we looked and could not be taken, because its lane or another process holds it, must
        # not spin this one. One that has become due since is looked at without delay.
        wait = self._clock.seconds_until(due_at) if due_at > looked_at else BREATH_S
        if wait <= ALARM_WITHIN_SWEEPS * self._sweep_every_s and self._set_for.get(name) != due_at:
            self._set_for[name] = due_at
            at = self._clock.machine_now() + timedelta(seconds=wait)
            early = at - timedelta(seconds=READY_BEFORE_S)
            self._alarm.add_job(self._ring, "date", run_date=early, args=[name, at], id=name, replace_existing=True)

    async def _ring(self, name: str, at: datetime) -> None:
        """A coroutine, because APScheduler runs a plain function in another thread, where no Event may be set."""
        self._set_for.pop(name, None)
        wait = (at - self._clock.machine_now()).total_seconds()
        asyncio.get_running_loop().call_later(min(wait, READY_BEFORE_S), self.wake, name)

    async def _sweep(self) -> None:
        """Not a job of APScheduler: a machine whose time is set back would not run it until that time comes again.

        One round after the other: what is due meanwhile does not wait behind all of them.
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
                # A door: who looks no more would go by a time that nobody else goes by.
                log.exception("clock")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._clock_was_set.wait()
            self._clock_was_set.clear()

    async def _listen(self) -> None:
        """Whatever was rung while nobody listened is found by looking once at each new beginning."""
        while not self._stopping:
            try:
                async for said in self._db.rung():
                    self._hear(said)
            except Failed as error:
                log.warning("bell: %s", error)
            except Exception:
                # A door: who hears no bell any more would be late each time.
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
        self.wake(BELLS.get(said) if BELLS.get(said) in self._rounds else None)

    async def _watch_conditions(self) -> None:
        while not self._stopping:
            await self._conditions.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._migrated.wait()
            self._migrated.clear()


# Whoever of these has not been heard of for long by a clock that was just set may be at work all the same: as long as
# their signs of life, and a lease, need to be written anew.
TAKING_OVER = frozenset({"checks", "backups", "backup drills", "backup restores"})
SETTLED_AFTER = timedelta(seconds=15)
# Beside the rounds at work: the look at all of them.
ALL = "overview"
# The round that carries what the others put in.
LEAVES_BY = "outbox"
