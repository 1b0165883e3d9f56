"""The one clock: aware UTC, corrected to the database's, and movable for the sandbox and the tests."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time to everybody; no other module reads the system's clock.

    `correct` sets how far this machine differs from the database, so that a replica with a wrong clock pages on time.
    `move` and `freeze` are for rehearsals: what is due by then happens at once, because `on_move` listeners are told.
    """

    def __init__(self) -> None:
        self._correction = timedelta(0)
        self._moved = timedelta(0)
        self._frozen_at: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        if self._frozen_at is not None:
            return self._frozen_at
        return self.machine_now() + self._correction + self._moved

    def machine_now(self) -> datetime:
        """The machine's own idea of the time: only for measuring how wrong it is."""
        return datetime.fromtimestamp(time.time(), UTC)

    def correct(self, database_now: datetime) -> timedelta:
        """Take the database's time as the truth; returns the correction now in force."""
        self._correction = database_now - self.machine_now()
        return self._correction

    def move(self, by: timedelta) -> None:
        """Put the clock forward by this much."""
        if self._frozen_at is not None:
            self._frozen_at += by
        else:
            self._moved += by
        for listener in self._listeners:
            listener()

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at the given instant or now; from here only `move` changes the time."""
        self._frozen_at = at or self.now()

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    @property
    def moved(self) -> timedelta:
        """How far `move` has put a running clock forward."""
        return self._moved

    def on_move(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def seconds_until(self, instant: datetime) -> float:
        """Real seconds from now to an instant of this clock; never negative; infinite when the clock stands still."""
        ahead = (instant - self.now()).total_seconds()
        if ahead <= 0:
            return 0.0
        return float("inf") if self.is_frozen else ahead
