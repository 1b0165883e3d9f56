"""Who may talk to a mail server: as many at a time as it takes, and the next letter goes on where one has ended."""

import asyncio
import heapq
from dataclasses import dataclass, field

from bot.wire.mail.session import Session

# Servers allow one client some 10 to 50 connections (Exim 20 in all, Postfix 50), and there may be several of us.
MOST = 8

# Smaller goes first.
Rank = tuple[bool, float, int]


@dataclass(order=True)
class _Waiter:
    rank: Rank
    given: asyncio.Future[Session | None] = field(compare=False)


class Sessions:
    """Places for conversations with one server. Who has taken one gives it back by exactly one of the other methods."""

    def __init__(self, most: int = MOST) -> None:
        self._most = self._limit = most
        self._taken = 0
        self._waiting: list[_Waiter] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._left = 0

    @property
    def left(self) -> int:
        """Conversations that have ended with QUIT, or are about to."""
        return self._left

    async def take(self, rank: Rank) -> Session | None:
        """A conversation that has just become free, or None: one may be begun. Waits while there is no place."""
        if self._taken < self._limit:
            self._taken += 1
            return None
        waiter = _Waiter(rank, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        try:
            return await waiter.given
        except asyncio.CancelledError:
            if not waiter.given.cancelled():
                self.give_back(waiter.given.result())
            raise

    def give_back(self, session: Session | None) -> None:
        """To whoever waits; when nobody does, the server is told QUIT. None: there is no conversation any more."""
        if session is not None and not session.is_open:
            session = None
        if waiter := self._next():
            waiter.given.set_result(session)
            return
        self._taken -= 1
        if session is not None:
            self._left += 1
            task = asyncio.create_task(session.quit(), name="quit the mail server")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        if not self._taken:
            self._limit = self._most

    async def refused(self, left_before: int) -> bool:
        """The server took no further conversation: fewer are held from now on, until none is needed.

        False when there was no other one since `left` was `left_before`, so that waiting for it leads to nothing.
        """
        if self._taken == 1:
            self.give_back(None)
            await self.close()
            return self._left != left_before
        self._taken -= 1
        self._limit = self._taken
        return True

    async def close(self) -> None:
        """Until everybody who is leaving has left, which is a matter of `QUIT_WITHIN_S`."""
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _next(self) -> _Waiter | None:
        while self._waiting:
            waiter = heapq.heappop(self._waiting)
            if not waiter.given.done():
                return waiter
        return None
