"""One look at how things stand, for however many ask: what they are told was found out after they had asked."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Seen = TypeVar("Seen")

EVERY_S = 1.0
# A prober and a scraper that ask in the same second do not wait for each other.
AT_ONCE = 5


class SharedLook(Generic[Seen]):
    """Looks at most once a second on average, whoever asks how often; those who ask meanwhile share the next look."""

    def __init__(self, look: Callable[[], Awaitable[Seen]]) -> None:
        self._look = look
        self._began_at_s: deque[float] = deque(maxlen=AT_ONCE)
        self._next: asyncio.Task[Seen] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def see(self) -> Seen:
        """Raises whatever the look does."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._when_it_is_time())
        return await asyncio.shield(self._next)

    async def _when_it_is_time(self) -> Seen:
        async with self._one_at_a_time:
            if len(self._began_at_s) == AT_ONCE:
                await asyncio.sleep(self._began_at_s[0] + AT_ONCE * EVERY_S - time.monotonic())
            # Whoever asks from now on needs a newer one.
            self._next = None
            self._began_at_s.append(time.monotonic())
            return await self._look()
