"""One look shared by all who ask meanwhile; nobody gets a result from before they asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Seen = TypeVar("Seen")

EVERY_S = 1.0
# A prober and a scraper that ask in the same second don't wait for each other.
AT_ONCE = 5


class Pace:
    """A token bucket: one a second, with a burst of up to AT_ONCE after a quiet time."""

    def __init__(self) -> None:
        # When the next one is due at one a second; a burst may run up to AT_ONCE - 1 s ahead.
        self._due_at_s = float("-inf")

    def wait_s(self, now_s: float) -> float:
        """Seconds to wait for the next one, which is taken."""
        wait_s = max(0.0, self._due_at_s - (AT_ONCE - 1) * EVERY_S - now_s)
        self._due_at_s = max(self._due_at_s, now_s + wait_s) + EVERY_S
        return wait_s


class SharedLook(Generic[Seen]):
    """Limits its own rate. Callers that arrive meanwhile share the next look, within a second."""

    def __init__(self, look: Callable[[], Awaitable[Seen]]) -> None:
        self._look = look
        self._pace = Pace()
        self._next: asyncio.Task[Seen] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def see(self) -> Seen:
        """Raises whatever the look does."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._when_it_is_time())
        return await asyncio.shield(self._next)

    async def _when_it_is_time(self) -> Seen:
        async with self._one_at_a_time:
            if wait_s := self._pace.wait_s(time.monotonic()):
                await asyncio.sleep(wait_s)
            # Callers that arrive from now on need a newer look.
            self._next = None
            return await self._look()
