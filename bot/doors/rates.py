"""Rate limits for each client, by the minute or the hour; over the limit, the client is told when to come again."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Literal

from bot.domain.errors import Refused

Span = Literal["minute", "hour"]
SECONDS: Mapping[Span, float] = {"minute": 60.0, "hour": 3600.0}
MOST_CLIENTS = 10_000


class TooOften(Refused):
    """Over the limit for this span; nothing was stored."""

    def __init__(self, most: int, span: Span, wait_s: int) -> None:
        of_it = "a minute" if span == "minute" else "an hour"
        super().__init__(f"more than {most} {of_it}: nothing of this was kept, come again in {wait_s} s")
        self.wait_s = wait_s


class Rate:
    """A token bucket for each client, with a burst of up to the whole limit; each process counts for itself.

    A batch is taken as a whole even when it exceeds what is left: the client then owes the rest, for one span at most.
    So a long list is not refused for ever.
    """

    def __init__(self, most: int, now: Callable[[], datetime], *, span: Span = "minute") -> None:
        self._most = most
        self._now = now
        self._span: Span = span
        # What each client had left, and when; the most recent client is last.
        self._left: dict[Hashable, tuple[float, datetime]] = {}

    def take(self, client: Hashable, count: int = 1) -> None:
        """Raises TooOften, without counting the attempt."""
        now = self._now()
        left = self._left_of(client, now)
        if left < 1:
            raise TooOften(self._most, self._span, 1 + int((1 - left) / self._most * SECONDS[self._span]))
        self._left.pop(client, None)
        if len(self._left) >= MOST_CLIENTS:
            self._left.pop(next(iter(self._left)))
        self._left[client] = (max(left - count, -float(self._most)), now)

    def _left_of(self, client: Hashable, now: datetime) -> float:
        left, at = self._left.get(client, (float(self._most), now))
        if now < at:
            # The clock was set back: count from now, or the client would wait until that time comes again.
            self._left[client] = left, at = left, now
        passed_s = (now - at).total_seconds()
        return min(left + passed_s / SECONDS[self._span] * self._most, float(self._most))
