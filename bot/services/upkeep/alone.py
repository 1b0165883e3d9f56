"""Isolates requests suspected of killing processes, so that no other request comes under suspicion."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

# A request that kills a process does so in its first moments; nobody's page should wait longer than that.
MOMENT_S = 1.0


class Alone:
    """Best effort, for a moment: a suspect waits for the work in progress, and other work waits for a suspect."""

    def __init__(self) -> None:
        self._at_work = 0
        self._suspects = 0
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def at_work(self, *, alone: bool) -> AsyncIterator[None]:
        await self._until(lambda: not (self._suspects or (alone and self._at_work)))
        self._at_work += 1
        self._suspects += alone
        try:
            yield
        finally:
            self._at_work -= 1
            self._suspects -= alone
            self._ended.set()

    async def _until(self, is_free: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(MOMENT_S):
                while not is_free():
                    self._ended.clear()
                    await self._ended.wait()
