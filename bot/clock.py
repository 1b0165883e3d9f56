"""The one clock: aware UTC, the database's, carried on by a steady counter, and movable for rehearsals and tests."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# A difference that is no drift and no slow answer: somebody has set a clock.
A_STEP = timedelta(seconds=1)
# So long after it whatever was planned by the calendar is planned anew: whoever plans looks at least once within that.
PLANNED_ANEW_FOR = timedelta(seconds=10)


def _steady_s() -> float:
    """Counts on while a machine sleeps, where its system can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Clock:
    """Tells the time to everybody; no other module reads the system's clock.

    It is set once, to the machine's time, and goes on by a counter that nobody can set: a machine whose clock is wrong,
    or is put right, changes nothing here. `correct` sets it to the database's time. `move` and `freeze` are for
    rehearsals: what is due by then happens at once, because `on_move` listeners are told.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _steady_s) -> None:
        self._wall = wall
        self._steady = steady
        self._set_at = self.elapsed()
        self._set_to = self.machine_now()
        self._stepped_at: timedelta | None = None
        self._moved = timedelta(0)
        self._frozen_at: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        if self._frozen_at is not None:
            return self._frozen_at
        return self.at_database() + self._moved

    def at_database(self) -> datetime:
        """What the database's clock should show, whatever a rehearsal does with this one."""
        return self.at_database_when(self.elapsed())

    def at_database_when(self, elapsed: timedelta) -> datetime:
        return self._set_to + (elapsed - self._set_at)

    def elapsed(self) -> timedelta:
        """Since some instant of the past, evenly: for measuring, whatever is done to any clock."""
        return timedelta(seconds=self._steady())

    def passed(self) -> timedelta:
        """As `elapsed`, but a rehearsal that moves this clock moves it as well, also while it stands still."""
        if self._frozen_at is not None:
            return timedelta(seconds=self._frozen_at.timestamp())
        return self.elapsed() + self._moved

    def machine_now(self) -> datetime:
        """The machine's own idea of the time: for measuring how wrong it is, and for those who know no other."""
        return datetime.fromtimestamp(self._wall(), UTC)

    def correct(self, database_now: datetime, *, at: timedelta | None = None) -> timedelta:
        """Take the database's time as the truth, as of now or of `at` on the steady counter; returns by how much this
        clock was behind it."""
        at = self.elapsed() if at is None else at
        behind = database_now - self.at_database_when(at)
        self._set_to, self._set_at = database_now, at
        return behind

    def has_stepped(self) -> None:
        """The database's clock was set: see `stepped_within`."""
        self._stepped_at = self.elapsed()

    def stepped_within(self, span: timedelta) -> bool:
        """Has it been set so short a while ago that what was written before may look older or newer than it is?"""
        return self._stepped_at is not None and self.elapsed() - self._stepped_at < span

    def move(self, by: timedelta, *, quietly: bool = False) -> None:
        """Put the clock forward by this much. `quietly`: no listener is told, who would look at what is due."""
        if self._frozen_at is not None:
            self._frozen_at += by
        else:
            self._moved += by
        for listener in () if quietly else self._listeners:
            listener()

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at the given instant or now; from here only `move` changes the time."""
        self._frozen_at = at or self.now()

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    def on_move(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def seconds_until(self, instant: datetime) -> float:
        """Real seconds from now to an instant of this clock; never negative; infinite when the clock stands still."""
        ahead = (instant - self.now()).total_seconds()
        if ahead <= 0:
            return 0.0
        return float("inf") if self.is_frozen else ahead
