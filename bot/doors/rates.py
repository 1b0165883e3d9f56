"""How often somebody may come: so many in a minute each, and who has had all of theirs is told when to come again."""

from collections.abc import Callable, Hashable
from datetime import datetime

from bot.domain.errors import Refused

MINUTE_S = 60.0
MOST_CLIENTS = 10_000


class TooOften(Refused):
    """More than are taken within a minute; what came was not kept."""

    def __init__(self, per_minute: int, wait_s: int) -> None:
        super().__init__(f"more than {per_minute} a minute: nothing of this was kept, come again in {wait_s} s")
        self.wait_s = wait_s


class Rate:
    """So many in a minute for each client, spread over it or all at once; each process counts for itself.

    What comes together is taken together, also when it is more than is left: then the client owes it, for a minute at
    most. So a long list is not refused for ever.
    """

    def __init__(self, per_minute: int, now: Callable[[], datetime]) -> None:
        self._per_minute = per_minute
        self._now = now
        # What is left of each, and when that was; who came last stands last.
        self._left: dict[Hashable, tuple[float, datetime]] = {}

    def take(self, client: Hashable, count: int = 1) -> None:
        """Raises TooOften, which counts nothing."""
        now = self._now()
        left = self._left_of(client, now)
        if left < 1:
            raise TooOften(self._per_minute, 1 + int((1 - left) / self._per_minute * MINUTE_S))
        self._left.pop(client, None)
        if len(self._left) >= MOST_CLIENTS:
            self._left.pop(next(iter(self._left)))
        self._left[client] = (max(left - count, -float(self._per_minute)), now)

    def _left_of(self, client: Hashable, now: datetime) -> float:
        left, at = self._left.get(client, (float(self._per_minute), now))
        if now < at:
            # The clock was set back: what was left counts from now, or they would wait until it is as late again.
            self._left[client] = left, at = left, now
        passed_s = (now - at).total_seconds()
        return min(left + passed_s / MINUTE_S * self._per_minute, float(self._per_minute))
