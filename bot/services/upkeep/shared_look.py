"""One look at how things stand, for however many ask: what they are told was found out after they had asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Seen = TypeVar("Seen")

EVERY_S = 1.0
# A prober and a scraper that ask in the same second do not wait for each other.
AT_ONCE = 5


class Pace:
    """A token bucket: one a second, and after a quiet time up to AT_ONCE at once."""

    def __init__(self) -> None:
        # When the next one were due if there were one a second; each may be up to AT_ONCE - 1 s before that.
        self._due_at_s = float("-inf")

    def wait_s(self, now_s: float) -> float:
        """How long to wait for the next one, which counts from then."""
        wait_s = max(0.0, self._due_at_s - (AT_ONCE - 1) * EVERY_S - now_s)
        self._due_at_s = max(self._due_at_s, now_s + wait_s) + EVERY_S
        return wait_s


class SharedLook(Generic[Seen]):
    """Looks at its own pace, whoever asks how often. Those who ask meanwhile share the next look, within a second."""

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
            # Whoever asks from now on needs a newer one.
            self._next = None
            return await self._look()
