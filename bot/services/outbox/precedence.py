"""Pages go first: what else there is to do begins when they have left, or a moment later."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from bot.clock import Clock

# So many pages are many: a storm.
MANY_PAGES = 8
# While many pages are about to leave nothing else is begun; but not for longer than this.
LONGEST_RUSH = timedelta(seconds=3)
# After so long without that many ladders due, no storm of pages is coming any more.
CALM_AFTER = timedelta(seconds=1)
# Pages leave before whatever else the same deed caused, but a pager in trouble does not hold the rest up for longer.
HEAD_START_S = 0.25
# Anything else that can wait is begun so much later at most while a page is on its way.
GIVES_WAY_S = 0.03


class Precedence:
    """One per process. A page is on its way from when it is made until its request is written to the line."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._being_made: set[asyncio.Event] = set()
        self._leaving: dict[int, asyncio.Event] = {}
        self._rushing_since: timedelta | None = None
        self._many_at: timedelta | None = None

    @asynccontextmanager
    async def while_made(self) -> AsyncIterator[None]:
        """Pages may be made within the block."""
        made = asyncio.Event()
        self._being_made.add(made)
        try:
            yield
        finally:
            self._being_made.discard(made)
            made.set()

    def expect_more(self) -> None:
        """As many ladders were due as are climbed at a time: more are, and other processes have as many in hand."""
        self._many_at = self._clock.elapsed()

    def is_to_leave(self, number: int) -> None:
        self._leaving[number] = asyncio.Event()
        # One that has not left by then hangs at its provider's door, and nothing is gained by waiting for it.
        asyncio.get_running_loop().call_later(LONGEST_RUSH.total_seconds(), self.has_left, number)

    def has_left(self, number: int) -> None:
        """Or will not leave; may be said more than once."""
        if gate := self._leaving.pop(number, None):
            gate.set()

    @property
    def gates(self) -> list[asyncio.Event]:
        """One for each page that is about to leave; open when it has."""
        return list(self._leaving.values())

    async def follow(self, gates: Sequence[asyncio.Event]) -> None:
        """For what was caused beside these pages."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEAD_START_S):
                for gate in gates:
                    await gate.wait()

    async def give_way(self) -> None:
        """For what has nothing to do with them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVES_WAY_S):
                while gates := [*self._being_made, *self._leaving.values()]:
                    await gates[0].wait()

    @property
    def is_a_storm(self) -> bool:
        """Are many about to leave?"""
        return len(self._leaving) >= MANY_PAGES

    def is_rushing(self) -> bool:
        """Do pages need all there is of the processor?"""
        rushing = self.is_a_storm or self._more_are_coming
        self._rushing_since = (self._rushing_since or self._clock.elapsed()) if rushing else None
        return rushing

    @property
    def _more_are_coming(self) -> bool:
        return self._many_at is not None and self._clock.elapsed() - self._many_at < CALM_AFTER

    @property
    def rushed_since_long(self) -> bool:
        return self._rushing_since is not None and self._clock.elapsed() - self._rushing_since > LONGEST_RUSH
