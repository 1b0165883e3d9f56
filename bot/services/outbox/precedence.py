"""Pages go first: other work starts once they have left, or a moment later."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from bot.clock import Clock

# This many pages at once are a storm.
MANY_PAGES = 8
# While a storm is about to leave nothing else starts, but for no longer than this.
LONGEST_RUSH = timedelta(seconds=3)
# When no full batch of ladders has been due for this long, no more of the storm is coming.
CALM_AFTER = timedelta(seconds=1)
# Other effects of the same deed wait this long for its pages at most, so that a struggling pager doesn't hold them up.
HEAD_START_S = 0.25
# Unrelated work that can wait is delayed by this much at most while a page is on its way.
GIVES_WAY_S = 0.03


class Precedence:
    """One per process. A page is on its way from when its making starts until its request is written to the socket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._being_made: set[asyncio.Event] = set()
        self._leaving: dict[int, asyncio.Event] = {}
        self._rushing_since: timedelta | None = None
        self._many_at: timedelta | None = None

    @asynccontextmanager
    async def while_made(self) -> AsyncIterator[None]:
        """Pages may be made within the block; other work gives way to it."""
        made = asyncio.Event()
        self._being_made.add(made)
        try:
            yield
        finally:
            self._being_made.discard(made)
            made.set()

    def expect_more(self) -> None:
        """A full batch of ladders was due, so more are, and other processes have as many in hand."""
        self._many_at = self._clock.elapsed()

    def is_to_leave(self, number: int) -> None:
        self._leaving[number] = asyncio.Event()
        # A page that hasn't left by then is stuck at its provider; waiting longer for it gains nothing.
        asyncio.get_running_loop().call_later(LONGEST_RUSH.total_seconds(), self.has_left, number)

    def has_left(self, number: int) -> None:
        """It has left, or never will. Idempotent."""
        if gate := self._leaving.pop(number, None):
            gate.set()

    @property
    def gates(self) -> list[asyncio.Event]:
        """One event for each page about to leave, set once it has left."""
        return list(self._leaving.values())

    async def follow(self, gates: Sequence[asyncio.Event]) -> None:
        """Wait briefly for these pages; for other effects of the same deed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEAD_START_S):
                for gate in gates:
                    await gate.wait()

    async def give_way(self) -> None:
        """Wait briefly for any page on its way; for work that is unrelated to pages."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVES_WAY_S):
                while gates := [*self._being_made, *self._leaving.values()]:
                    await gates[0].wait()

    @property
    def is_a_storm(self) -> bool:
        """Are many pages about to leave?"""
        return len(self._leaving) >= MANY_PAGES

    def is_rushing(self) -> bool:
        """Do pages need the whole CPU?"""
        rushing = self.is_a_storm or self._more_are_coming
        self._rushing_since = (self._rushing_since or self._clock.elapsed()) if rushing else None
        return rushing

    @property
    def _more_are_coming(self) -> bool:
        return self._many_at is not None and self._clock.elapsed() - self._many_at < CALM_AFTER

    @property
    def rushed_since_long(self) -> bool:
        return self._rushing_since is not None and self._clock.elapsed() - self._rushing_since > LONGEST_RUSH
