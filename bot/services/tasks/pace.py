"""Paces work that each process repeats at intervals, independently of the others."""

from datetime import datetime, timedelta


class Pace:
    """In memory only, so a process does its first round as soon as it starts."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._looked_at: datetime | None = None

    def takes(self, now: datetime) -> bool:
        """Whether it's time; if so, the next interval starts now. Also true when the clock was set back."""
        if self._looked_at and timedelta(0) <= now - self._looked_at < self._every:
            return False
        self._looked_at = now
        return True

    def next(self, now: datetime) -> datetime:
        return self._looked_at + self._every if self._looked_at else now
