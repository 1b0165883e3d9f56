"""Who may talk to a mail server: as many at a time as it takes, and the next letter goes on where one has ended."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.wire.mail.session import Session

# Servers allow one client some 10 to 50 connections (Exim 20 in all, Postfix 50), and there may be several of us.
MOST = 8
# What answers at all answers within this, and a letter that waits for a place has as long again to be sent.
SILENT_AFTER_S = 2.5

# Smaller goes first.
Rank = tuple[bool, float, int]


@dataclass(order=True)
class _Waiter:
    rank: Rank
    given: "asyncio.Future[Place]" = field(compare=False)


class Place:
    """Of one conversation. `session` None: it has yet to be begun. Unless it `counts` it is beside the others."""

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
        """Nothing is expected of the server."""
        if self._timer is not None:
            self._timer.cancel()


class Sessions:
    """Places for conversations with one server. Who has taken one gives it back by exactly one of the other methods.

    A conversation in which the server says nothing for `silent_after_s` goes on, and another one may be begun in its
    stead: no more than twice as many in all, and none once the server has refused a conversation.
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
        """Conversations that have ended with QUIT, or are about to."""
        return self._left

    async def take(self, rank: Rank) -> Place:
        """With a conversation that has just become free, or one may be begun. Waits while there is no place."""
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
        """To whoever waits; when nobody does, the server is told QUIT, unless the conversation is over already."""
        place.at_rest()
        if place.session is not None and not place.session.is_open:
            place.session = None
        # What was begun in the stead of a silent one is there already, and its place is nobody's when that one ends.
        if (place.counts or place.session) and (waiter := self._next()):
            place.heard()
            waiter.given.set_result(place)
            return
        self._release(place)

    async def refused(self, place: Place, left_before: int) -> bool:
        """The server took no further conversation: fewer are held from now on, until none is needed.

        False when there was no other one since `left` was `left_before`, so that waiting for it leads to nothing.
        """
        if len(self._held) == 1:
            self.give_back(place)
            await self.close()
            return self._left != left_before
        place.at_rest()
        self._release(place)
        # To the server a silent conversation is one as well.
        for other in self._held:
            other.counts = True
        self._has_refused, self._limit = True, len(self._held)
        return True

    async def close(self) -> None:
        """Until everybody who is leaving has left, which is a matter of `QUIT_WITHIN_S`."""
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
