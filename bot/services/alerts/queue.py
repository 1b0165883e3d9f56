"""Queues alert deliveries: whichever gets its turn takes along everything that has arrived meanwhile.

A transaction costs more than the alerts it stores. A delivery alone never waits for company.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bot.domain.alerts.arrival import Arrival, Said, Together
from bot.domain.errors import Unanswered, Unreachable
from bot.services.alerts.aside import Aside, Waiting
from bot.services.alerts.turns import LOOK_AGAIN_S, NotInTime, Turns
from bot.store.alerts import arrivals
from bot.store.deadlocks import again_after_deadlock
from bot.store.errors import Blocked
from bot.store.pipelined import Connection
from bot.wire.timeouts import done_for

log = logging.getLogger(__name__)

# Alerts per transaction: a few milliseconds of this process.
TOGETHER = 250
# A second round starts only once the first has been stuck this long, usually on a lock; otherwise two rounds would just
# split the work into smaller transactions.
# A round that waits longer for a lock gives up, and continues without the deliveries that want it.
ROUNDS = 2
STUCK_AFTER_S = 0.1
# Pause between rounds: arrivals share the next one, and fewer rounds leave more CPU to receiving.
BETWEEN_ROUNDS_S = 0.01
ROUND = "alerts that wait"

Store = Callable[[Connection, Sequence[Arrival]], Awaitable[None]]


class AlertQueue:
    """Stores each round in one transaction, and answers after its commit.

    If that fails for several, each is retried alone, so that none suffers for another. Deliveries about the same alert
    are stored in order of arrival. Those that want a card locked elsewhere for long are set aside until it's free.
    """

    def __init__(self, turns: Turns, store: Store) -> None:
        self._turns = turns
        self._store = store
        self._waiting: dict[Waiting, None] = {}
        self._in_hand: list[Said] = []
        self._aside = Aside()
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._going, self._stuck = 0, 0

    async def put(self, arrival: Arrival, size: int) -> None:
        """Returns once it is stored. Raises Unreachable when it was not, Unanswered when that is unknown.

        `size`: bytes of the body it came in.
        """
        self._count += 1
        one = Waiting(self._count, arrival, size)
        try:
            async with one.patience:
                one.waits_in(self._turns.room)
                self._waiting[one] = None
                self._begin_round()
                await one.answer
        except TimeoutError as error:
            raise Unreachable("it could not be stored in time") from error
        finally:
            one.leaves()
            self._waiting.pop(one, None)
            self._aside.remove(one)

    def _begin_round(self) -> None:
        """Start a round, unless a running one will pick up those waiting."""
        if self._waiting and self._going == self._stuck < ROUNDS:
            self._going += 1
            task = asyncio.create_task(self._go_round(), name=ROUND)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _go_round(self) -> None:
        try:
            while picked := self._pick():
                with self._known_when_stuck():
                    await self._serve(picked)
                await asyncio.sleep(BETWEEN_ROUNDS_S)
        finally:
            self._going -= 1

    @contextmanager
    def _known_when_stuck(self) -> Iterator[None]:
        """Once stuck, let another round run beside it, for those waiting and those still to come."""
        is_stuck = False

        def note() -> None:
            nonlocal is_stuck
            is_stuck = True
            self._stuck += 1
            self._begin_round()

        noting = asyncio.get_running_loop().call_later(STUCK_AFTER_S, note)
        try:
            yield
        finally:
            noting.cancel()
            self._stuck -= is_stuck

    def _pick(self) -> list[Waiting]:
        """The next ones that can be stored together; empty if all depend on deliveries being stored now."""
        self._set_aside()
        picked: list[Waiting] = []
        together, passed = Together(TOGETHER), Said()
        for one in self._waiting:
            must_wait = passed.touches(one.arrival) or any(said.touches(one.arrival) for said in self._in_hand)
            if must_wait or (picked and one.alone) or not together.take(one.arrival):
                passed.add(one.arrival)
                continue
            picked.append(one)
            if one.alone or together.is_full:
                break
        for one in picked:
            del self._waiting[one]
        return picked

    def _set_aside(self) -> None:
        """Set aside whatever wants a locked card, or has to come after something that does."""
        for one in [one for one in self._waiting if self._aside.concerns(one.arrival)]:
            del self._waiting[one]
            self._aside.put(one, {})

    async def _serve(self, picked: Sequence[Waiting]) -> None:
        said = Said(one.arrival for one in picked)
        self._in_hand.append(said)
        there: list[Waiting] = []
        try:
            # Retry within its turn, so that later deliveries about the same alert are stored after it.
            with done_for(one.doing for one in picked):
                await again_after_deadlock(partial(self._store_in_turn, picked, there))
        except Blocked as error:
            await self._blocked(there, error)
        except Exception as error:  # noqa: BLE001 - whoever waits has to see to it
            self._failed(picked, there, error)
        else:
            for one in there:
                one.is_stored()
        finally:
            self._in_hand.remove(said)

    async def _store_in_turn(self, picked: Sequence[Waiting], there: list[Waiting]) -> None:
        async with self._turns.taken() as conn:
            there[:] = [one for one in picked if one.is_there]
            for one in there:
                one.has_its_turn()
            if there:
                await self._store(conn, [one.arrival for one in there])

    def _failed(self, picked: Sequence[Waiting], there: Sequence[Waiting], error: Exception) -> None:
        """`there`: those whose turn had come; empty if no transaction could be had."""
        if len(there) < 2 or isinstance(error, Unanswered | NotInTime):
            for one in picked:
                one.has_failed(error)
            return
        log.warning("deliveries=%s could not be stored together, each is tried alone: %s", len(there), error)
        still = [one for one in there if one.is_there]
        for one in still:
            one.waits_alone()
        self._line_up(still)

    async def _blocked(self, there: Sequence[Waiting], error: Blocked) -> None:
        """Set aside those that want a locked card, and line up the others again."""
        try:
            with done_for(()):
                async with self._turns.taken() as conn:
                    held = await arrivals.held_elsewhere(conn, [one.arrival for one in there])
        except Unreachable as away:
            self._failed(there, there, away)
            return
        if not held and len(there) > 1:
            self._failed(there, there, error)
            return
        for number, one in enumerate(there):
            if number in held or len(there) == 1:
                self._aside.put(one, held.get(number, {}))
            else:
                one.waits_once_more()
                self._line_up([one])
        log.warning("cards=%s are locked elsewhere: deliveries=%s are set aside", sorted(self._aside.cards), len(held))
        self._look_again()

    def _line_up(self, back: Collection[Waiting]) -> None:
        """Put them back in line; everybody waits in order of arrival."""
        there = [*self._waiting, *(one for one in back if one.is_there)]
        self._waiting = dict.fromkeys(sorted(there, key=lambda one: one.number))

    def _look_again(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._take_back(), name="alerts set aside")

    async def _take_back(self) -> None:
        """While anybody is set aside, line up again those whose cards are free."""
        while any(self._aside):
            await asyncio.sleep(LOOK_AGAIN_S)
            self._line_up(self._aside.take_back(await self._free_cards()))
            self._begin_round()

    async def _free_cards(self) -> Collection[int]:
        try:
            with done_for(()):
                async with self._turns.taken() as conn:
                    return await arrivals.free(conn, self._aside.cards)
        except Unreachable:
            return list(self._aside.cards)
