"""The one clock: aware UTC, the database's time carried on by a steady counter; movable for rehearsals and tests."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# More than drift or a slow answer can explain: somebody has set a clock.
A_STEP = timedelta(seconds=1)
# For this long after a step, whatever follows the calendar is planned anew: every planner looks at least once within
# it.
PLANNED_ANEW_FOR = timedelta(seconds=10)


def _steady_s() -> float:
    """Keeps counting while the machine sleeps, where the system supports that."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Clock:
    """The only source of the time; no other module reads the system's clock.

    It starts with the machine's time and goes on by a counter that nobody can set: a machine whose clock is wrong, or
    is corrected, changes nothing here. `correct` sets it to the database's time. `move` and `freeze` are for
    rehearsals: what is due by then happens at once, because `on_move` listeners are called.
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
        """What the database's clock should show, regardless of any rehearsal."""
        return self.at_database_when(self.elapsed())

    def at_database_when(self, elapsed: timedelta) -> datetime:
        return self._set_to + (elapsed - self._set_at)

    def elapsed(self) -> timedelta:
        """Time since some past instant, for measuring; unaffected by any clock change."""
        return timedelta(seconds=self._steady())

    def passed(self) -> timedelta:
        """As `elapsed`, but moves with this clock in a rehearsal, even while frozen."""
        if self._frozen_at is not None:
            return timedelta(seconds=self._frozen_at.timestamp())
        return self.elapsed() + self._moved

    def machine_now(self) -> datetime:
        """The machine's own time: for measuring its error, and for programs that know no other."""
        return datetime.fromtimestamp(self._wall(), UTC)

    def correct(self, database_now: datetime, *, at: timedelta | None = None) -> timedelta:
        """Adopt the database's time, as of now or of `at` on the steady counter; returns how far we were behind."""
        at = self.elapsed() if at is None else at
        behind = database_now - self.at_database_when(at)
        self._set_to, self._set_at = database_now, at
        return behind

    def has_stepped(self) -> None:
        """Note that the database's clock was set: see `stepped_within`."""
        self._stepped_at = self.elapsed()

    def stepped_within(self, span: timedelta) -> bool:
        """Was it set so recently that timestamps from before may look older or newer than they are?"""
        return self._stepped_at is not None and self.elapsed() - self._stepped_at < span

    def move(self, by: timedelta, *, quietly: bool = False) -> None:
        """Move the clock forward. `quietly`: don't call the listeners, which would look for due rows."""
        if self._frozen_at is not None:
            self._frozen_at += by
        else:
            self._moved += by
        for listener in () if quietly else self._listeners:
            listener()

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at the given instant or now; from here on only `move` changes the time."""
        self._frozen_at = at or self.now()

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    def on_move(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def seconds_until(self, instant: datetime) -> float:
        """Real seconds until an instant of this clock; never negative; infinite while the clock is frozen."""
        ahead = (instant - self.now()).total_seconds()
        if ahead <= 0:
            return 0.0
        return float("inf") if self.is_frozen else ahead
