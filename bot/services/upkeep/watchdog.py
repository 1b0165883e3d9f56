"""The watchdog: is every round of this process making progress? The scheduler feeds it, `/readyz` asks it."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

# A round starts every second. One that waits for an absent database gives up well within this.
STUCK_AFTER = timedelta(seconds=30)


class Watchdog:
    """Uses the monotonic clock: neither a rehearsal nor a clock change makes a round late."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._fed_at_s: dict[str, float] = {}

    def feed(self, name: str) -> None:
        """Record that this round has made progress."""
        self._fed_at_s[name] = self._seconds()

    def idle(self) -> Mapping[str, timedelta]:
        """How long ago each round made progress."""
        now_s = self._seconds()
        return {name: timedelta(seconds=now_s - at_s) for name, at_s in self._fed_at_s.items()}

    def stuck(self) -> Mapping[str, timedelta]:
        """The rounds that have made none for too long."""
        return {name: idle for name, idle in self.idle().items() if idle > STUCK_AFTER}
