"""How often somebody may come: so many in a minute or an hour each, and who has had all of theirs is told when to come
again."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Literal

from bot.domain.errors import Refused

Span = Literal["minute", "hour"]
SECONDS: Mapping[Span, float] = {"minute": 60.0, "hour": 3600.0}
MOST_CLIENTS = 10_000


class TooOften(Refused):
    """More than are taken within this span; what came was not kept."""

    def __init__(self, most: int, span: Span, wait_s: int) -> None:
        of_it = "a minute" if span == "minute" else "an hour"
        super().__init__(f"more than {most} {of_it}: nothing of this was kept, come again in {wait_s} s")
        self.wait_s = wait_s


class Rate:
    """So many in a minute or an hour for each client, spread over it or all at once; each process counts for itself.

    What comes together is taken together, also when it is more than is left: then the client owes it, for one span at
    most. So a long list is not refused for ever.
    """

    def __init__(self, most: int, now: Callable[[], datetime], *, span: Span = "minute") -> None:
        self._most = most
        self._now = now
        self._span: Span = span
        # What is left of each, and when that was; who came last stands last.
        self._left: dict[Hashable, tuple[float, datetime]] = {}

    def take(self, client: Hashable, count: int = 1) -> None:
        """Raises TooOften, which counts nothing."""
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
            # The clock was set back: what was left counts from now, or they would wait until it is as late again.
            self._left[client] = left, at = left, now
        passed_s = (now - at).total_seconds()
        return min(left + passed_s / SECONDS[self._span] * self._most, float(self._most))
