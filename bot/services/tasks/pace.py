"""What is looked at every so often, by each process for itself."""

from datetime import datetime, timedelta


class Pace:
    """Kept in memory: a process that starts looks at once."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._looked_at: datetime | None = None

    def takes(self, now: datetime) -> bool:
        """Is it time? Then the next time counts from now. Also after the clock was set back."""
        if self._looked_at and timedelta(0) <= now - self._looked_at < self._every:
            return False
        self._looked_at = now
        return True

    def next(self, now: datetime) -> datetime:
        return self._looked_at + self._every if self._looked_at else now
