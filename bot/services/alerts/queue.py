"""Queues alert deliveries: whichever gets its turn takes along everything that has arrived meanwhile.

A transaction costs more than the alerts it stores. A delivery alone never waits for company.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from bot.domain.alerts.arrival import Arrival, Said, Together
from bot.domain.errors import Unanswered, Unreachable
from bot.services.alerts.turns import TIMEOUT_S, NotInTime, Turns
from bot.store.deadlocks import again_after_deadlock
from bot.store.pipelined import Connection
from bot.wire.timeouts import done_for, in_hand

log = logging.getLogger(__name__)

# Alerts per transaction: a few milliseconds of this process.
TOGETHER = 250
# A second round starts only once the first has been stuck this long, usually on a lock; otherwise two rounds would just
# split the work into smaller transactions.
ROUNDS = 2
STUCK_AFTER_S = 0.1
# Pause between rounds: arrivals share the next one, and fewer rounds leave more CPU to receiving.
BETWEEN_ROUNDS_S = 0.01
ROUND = "alerts that wait"

Store = Callable[[Connection, Sequence[Arrival]], Awaitable[None]]


class _Waiting:
    """A waiting sender. `alone`: its round failed, perhaps because of it."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.alone = False
        # Lets the sender's time limit know whether a COMMIT was sent, by whichever task.
        self.doing = in_hand()
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.patience = asyncio.timeout(TIMEOUT_S)
        self.place = ExitStack()

    @property
    def is_there(self) -> bool:
        return not self.answer.done()

    def has_its_turn(self) -> None:
        """From here on the sender waits for the outcome, without a time limit."""
        self.place.close()
        self.patience.reschedule(None)

    def waits_once_more(self) -> None:
        self.alone = True
        self.patience.reschedule(asyncio.get_running_loop().time() + TIMEOUT_S)

    def is_stored(self) -> None:
        if self.is_there:
            self.answer.set_result(None)

    def has_failed(self, error: Exception) -> None:
        if self.is_there:
            self.answer.set_exception(error)


class AlertQueue:
    """Stores each round in one transaction, and answers after its commit.

    If that fails for several, each is retried alone, so that none suffers for another. Deliveries about the same alert
    are stored in order of arrival.
    """

    def __init__(self, turns: Turns, store: Store) -> None:
        self._turns = turns
        self._store = store
        self._waiting: dict[_Waiting, None] = {}
        self._in_hand: list[Said] = []
        self._rounds: set[asyncio.Task[None]] = set()
        self._going, self._stuck = 0, 0

    async def put(self, arrival: Arrival, size: int) -> None:
        """Returns once it is stored. Raises Unreachable when it was not, Unanswered when that is unknown.

        `size`: bytes of the body it came in.
        """
        one = _Waiting(arrival)
        try:
            async with one.patience:
                with one.place:
                    one.place.enter_context(self._turns.waiting(size))
                    self._waiting[one] = None
                    self._begin_round()
                    await one.answer
        except TimeoutError as error:
            raise Unreachable(f"no answer within {TIMEOUT_S:g} s") from error
        finally:
            self._waiting.pop(one, None)

    def _begin_round(self) -> None:
        """Start a round, unless a running one will pick up those waiting."""
        if self._waiting and self._going == self._stuck < ROUNDS:
            self._going += 1
            task = asyncio.create_task(self._go_round(), name=ROUND)
            self._rounds.add(task)
            task.add_done_callback(self._rounds.discard)

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

    def _pick(self) -> list[_Waiting]:
        """The next ones that can be stored together; empty if all depend on deliveries being stored now."""
        picked: list[_Waiting] = []
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

    async def _serve(self, picked: Sequence[_Waiting]) -> None:
        said = Said(one.arrival for one in picked)
        self._in_hand.append(said)
        there: list[_Waiting] = []
        try:
            # Retry within its turn, so that later deliveries about the same alert are stored after it.
            with done_for(one.doing for one in picked):
                await again_after_deadlock(partial(self._store_in_turn, picked, there))
        except Exception as error:  # noqa: BLE001 - whoever waits has to see to it
            self._failed(picked, there, error)
        else:
            for one in there:
                one.is_stored()
        finally:
            self._in_hand.remove(said)

    async def _store_in_turn(self, picked: Sequence[_Waiting], there: list[_Waiting]) -> None:
        async with self._turns.taken() as conn:
            there[:] = [one for one in picked if one.is_there]
            for one in there:
                one.has_its_turn()
            if there:
                await self._store(conn, [one.arrival for one in there])

    def _failed(self, picked: Sequence[_Waiting], there: Sequence[_Waiting], error: Exception) -> None:
        """`there`: those whose turn had come; empty if no transaction could be had."""
        if len(there) < 2 or isinstance(error, Unanswered | NotInTime):
            for one in picked:
                one.has_failed(error)
            return
        log.warning("deliveries=%s could not be stored together, each is tried alone: %s", len(there), error)
        still = [one for one in there if one.is_there]
        for one in still:
            one.waits_once_more()
        self._waiting = {**dict.fromkeys(still), **self._waiting}
