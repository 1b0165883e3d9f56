"""Combines requests made at the same moment into one statement: a statement costs more than the rows it covers."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from bot.wire.timeouts import TimeLimit

# Longer than the server's statement time-out; keeps one hung connection from blocking all later callers.
TIMEOUT_S = 8.0

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Batching(Generic[Asked, Answer]):
    """Runs one batch at a time; requests that arrive meanwhile form the next batch, so none waits for company.

    `work` returns one answer for each request of the batch, in order. When a batch fails, its requests are retried one
    by one, concurrently, so that one bad request doesn't fail the others.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Coroutine[Any, Any, Sequence[Answer]]], *, limit: int) -> None:
        self._work = work
        self._limit = limit
        self._time_limit = TimeLimit(TIMEOUT_S)
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._rounds: asyncio.Task[None] | None = None

    async def ask(self, one: Asked) -> Answer:
        """Raises what `work` raises for this request; Unreachable when it takes too long."""
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
        except Exception as error:  # noqa: BLE001 - the caller has to handle it
            if len(asked) > 1:
                await asyncio.gather(*(self._answer([one]) for one in asked))
            elif not asked[0][1].done():
                asked[0][1].set_exception(error)
            return
        for (_, waiting), answer in zip(asked, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
