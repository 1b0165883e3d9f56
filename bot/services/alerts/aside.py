"""Deliveries of alerts that are set aside: their card is locked elsewhere, or an earlier delivery has to come first."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack

from bot.domain.alerts.arrival import Arrival, Said
from bot.domain.errors import Unreachable
from bot.services.alerts.turns import STORED_WITHIN_S, TIMEOUT_S, Room
from bot.wire.timeouts import in_hand


class Waiting:
    """A waiting sender. `number`: its place in order of arrival. `alone`: its round failed, perhaps because of it."""

    def __init__(self, number: int, arrival: Arrival, size: int) -> None:
        """`size`: bytes of its body."""
        loop = asyncio.get_running_loop()
        self.number = number
        self.arrival = arrival
        self.alone = False
        # Lets the sender's time limit know whether a COMMIT was sent, by whichever task.
        self.doing = in_hand()
        self.answer: asyncio.Future[None] = loop.create_future()
        self.patience = asyncio.timeout(TIMEOUT_S)
        self._until = loop.time() + STORED_WITHIN_S
        self._size = size
        self._place = ExitStack()

    @property
    def is_there(self) -> bool:
        return not self.answer.done()

    def waits_in(self, room: Room) -> None:
        self._place.enter_context(room.entered(self._size))

    def leaves(self) -> None:
        self._place.close()

    def has_its_turn(self) -> None:
        """Let the sender wait for the outcome from here on, without a time limit."""
        self.leaves()
        self.patience.reschedule(None)

    def waits_once_more(self) -> None:
        """Let it wait for the rest of its time, after a round that failed through no fault of its own."""
        self.patience.reschedule(self._until)

    def waits_alone(self) -> None:
        self.alone = True
        self.patience.reschedule(asyncio.get_running_loop().time() + TIMEOUT_S)

    def is_stored(self) -> None:
        if self.is_there:
            self.answer.set_result(None)

    def has_failed(self, error: Exception) -> None:
        if self.is_there:
            self.answer.set_exception(error)


class Aside:
    """Senders that hold neither a turn nor a place in the queue. Later deliveries about the same alerts wait behind."""

    def __init__(self) -> None:
        self._room = Room()
        self._waiting: dict[Waiting, Collection[int]] = {}
        self._cards: dict[int, tuple[str, str]] = {}
        self._said = Said()

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self._waiting)

    @property
    def cards(self) -> Collection[int]:
        """Ids of the cards that were locked elsewhere when last looked at."""
        return self._cards.keys()

    def concerns(self, arrival: Arrival) -> bool:
        """Whether it wants one of the locked cards, or something here has to be stored before it."""
        if not self._waiting:
            return False
        wanted = any(source == arrival.source and key in arrival.keys for source, key in self._cards.values())
        return wanted or self._said.touches(arrival)

    def put(self, one: Waiting, cards: Mapping[int, str]) -> None:
        """Set a sender aside, or answer it with Unreachable if too many are here already.

        `cards`: keys by id of the locked cards that it wants; empty: it is only retried a little later.
        """
        one.leaves()
        if self._room.is_full:
            one.has_failed(Unreachable("too many wait for locked cards"))
            return
        one.waits_in(self._room)
        one.waits_once_more()
        self._waiting[one] = cards.keys()
        self._cards |= {id_: (one.arrival.source, key) for id_, key in cards.items()}
        self._said.add(one.arrival)

    def remove(self, one: Waiting) -> None:
        if one in self._waiting:
            del self._waiting[one]
            self._forget()

    def take_back(self, free: Collection[int]) -> list[Waiting]:
        """Take back and return those that no known lock keeps waiting, now that these cards are `free`."""
        for id_ in free:
            self._cards.pop(id_, None)
        back = [one for one, cards in self._waiting.items() if self._cards.keys().isdisjoint(cards)]
        for one in back:
            del self._waiting[one]
        self._forget()
        return back

    def _forget(self) -> None:
        """Drop what only senders that have left wanted."""
        self._said = Said(one.arrival for one in self._waiting)
        wanted = {id_ for cards in self._waiting.values() for id_ in cards}
        self._cards = {id_: card for id_, card in self._cards.items() if id_ in wanted}
