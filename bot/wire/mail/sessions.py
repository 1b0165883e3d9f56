"""Connections to a mail server: as many at a time as it accepts; waiting letters take over free ones."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.wire.mail.session import Session

# Servers allow a client 10 to 50 connections (Exim 20 in all, Postfix 50), and several of our processes may share them.
MOST = 8
# A working server answers within this; a letter that waits for a place then still has as long to be sent.
SILENT_AFTER_S = 2.5

# Lower goes first.
Rank = tuple[bool, float, int]


@dataclass(order=True)
class _Waiter:
    rank: Rank
    given: "asyncio.Future[Place]" = field(compare=False)


class Place:
    """The place of one connection. `session` None: not opened yet. Unless it `counts`, it is an extra one."""

    def __init__(self, fell_silent: Callable[["Place"], None], silent_after_s: float) -> None:
        self.session: Session | None = None
        self.counts = True
        self._fell_silent = fell_silent
        self._silent_after_s = silent_after_s
        self._timer: asyncio.TimerHandle | None = None

    def heard(self) -> None:
        """The server said something, or is spoken to from now on."""
        self.at_rest()
        self._timer = asyncio.get_running_loop().call_later(self._silent_after_s, self._fell_silent, self)

    def at_rest(self) -> None:
        """Nothing is expected from the server."""
        if self._timer is not None:
            self._timer.cancel()


class Sessions:
    """Places for connections to one server. Whoever takes one returns it with exactly one of the other methods.

    A connection silent for `silent_after_s` goes on, but another may be opened in its stead: no more than twice as many
    in all, and none once the server has refused a connection.
    """

    def __init__(self, most: int = MOST, silent_after_s: float = SILENT_AFTER_S) -> None:
        self._most = self._limit = most
        self._silent_after_s = silent_after_s
        self._has_refused = False
        self._held: set[Place] = set()
        self._waiting: list[_Waiter] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._left = 0

    @property
    def left(self) -> int:
        """Connections that have ended with QUIT, or are about to."""
        return self._left

    async def take(self, rank: Rank) -> Place:
        """A place with a connection that has just become free, or for a new one. Waits while there is none."""
        if self._counting < self._limit:
            return self._new()
        waiter = _Waiter(rank, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        try:
            return await waiter.given
        except asyncio.CancelledError:
            if not waiter.given.cancelled():
                self.give_back(waiter.given.result())
            raise

    def give_back(self, place: Place) -> None:
        """Give it to the next waiter; without one, send QUIT, unless the connection has ended."""
        place.at_rest()
        if place.session is not None and not place.session.is_open:
            place.session = None
        # A silent connection already has its replacement, so its place goes to nobody when it ends.
        if (place.counts or place.session) and (waiter := self._next()):
            place.heard()
            waiter.given.set_result(place)
            return
        self._release(place)

    async def refused(self, place: Place, left_before: int) -> bool:
        """The server refused another connection: hold fewer from now on, until none is needed.

        False when there has been no other one since `left` was `left_before`, so waiting for one is pointless.
        """
        if len(self._held) == 1:
            self.give_back(place)
            await self.close()
            return self._left != left_before
        place.at_rest()
        self._release(place)
        # To the server a silent connection counts as well.
        for other in self._held:
            other.counts = True
        self._has_refused, self._limit = True, len(self._held)
        return True

    async def close(self) -> None:
        """Wait for all QUITs in progress, for at most `QUIT_WITHIN_S`."""
        if self._leaving:
            await asyncio.wait(self._leaving)

    @property
    def _counting(self) -> int:
        return sum(place.counts for place in self._held)

    def _new(self) -> Place:
        place = Place(self._fell_silent, self._silent_after_s)
        self._held.add(place)
        place.heard()
        return place

    def _fell_silent(self, place: Place) -> None:
        if not place.counts or self._has_refused or len(self._held) - self._counting >= self._most:
            return
        place.counts = False
        if waiter := self._next():
            waiter.given.set_result(self._new())

    def _release(self, place: Place) -> None:
        self._held.discard(place)
        if place.session is not None:
            self._left += 1
            task = asyncio.create_task(place.session.quit(), name="quit the mail server")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        if not self._held:
            self._has_refused, self._limit = False, self._most

    def _next(self) -> _Waiter | None:
        while self._waiting:
            waiter = heapq.heappop(self._waiting)
            if not waiter.given.done():
                return waiter
        return None
