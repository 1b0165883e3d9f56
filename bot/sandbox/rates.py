"""Slack's rate limits: calls of a method per minute, and one message per second and channel."""

import time
from collections import deque

from bot.sandbox.limits import limits

WINDOW_SECONDS = 60.0
POST_BURST = 4  # Slack tolerates short bursts; how many messages isn't documented
POST_SECONDS = 1.0


class Rates:
    """In real time. Off unless `enabled`, because most tests are about something else."""

    def __init__(self) -> None:
        self.enabled = False
        self._calls: dict[str, deque[float]] = {}

    def wait(self, method: str, channel: str = "") -> int | None:
        """Count the call; returns the seconds for `Retry-After` if it came too early, otherwise None."""
        if not self.enabled:
            return None
        if method == "chat.postMessage":
            return self._take(f"{method} {channel}", POST_BURST, POST_BURST * POST_SECONDS)
        allowed = limits()["rate_tiers_per_min"].get(str(limits()["method_tier"].get(method)))
        return None if allowed is None else self._take(method, allowed, WINDOW_SECONDS)

    def _take(self, key: str, allowed: int, window: float) -> int | None:
        calls, now = self._calls.setdefault(key, deque()), time.monotonic()
        while calls and now - calls[0] >= window:
            calls.popleft()
        if len(calls) >= allowed:
            return max(1, int(window - (now - calls[0]) + 0.999))
        calls.append(now)
        return None
