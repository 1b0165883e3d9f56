"""Does for many at once what several ask for at the same time: a statement costs more than the rows it is about."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from bot.wire.timeouts import TimeLimit

# One connection that hangs must not hold up whoever asks next: longer than a statement may take at the server.
TIMEOUT_S = 8.0

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Batching(Generic[Asked, Answer]):
    """One round at a time: whoever asks while one is at work is in the next, so nobody waits for company.

    `work` answers each of a round, in order. When it fails for several they are asked for one by one, side by side, so
    that the fault of one is nobody else's.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Coroutine[Any, Any, Sequence[Answer]]], *, limit: int) -> None:
        self._work = work
        self._limit = limit
        self._time_limit = TimeLimit(TIMEOUT_S)
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._rounds: asyncio.Task[None] | None = None

    async def ask(self, one: Asked) -> Answer:
        """Raises whatever `work` raises for this one; Unreachable when it takes too long."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._go_round(), name="batching")
        return await answer

    async def _go_round(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await self._answer(asked)
        finally:
            self._rounds = None

    async def _answer(self, asked: Sequence[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._time_limit.wait_for(self._work([one for one, _ in asked]))
        except Exception as error:  # noqa: BLE001 - whoever asked has to see to it
            if len(asked) > 1:
                await asyncio.gather(*(self._answer([one]) for one in asked))
            elif not asked[0][1].done():
                asked[0][1].set_exception(error)
            return
        for (_, waiting), answer in zip(asked, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
