"""Long work of this process: each piece belongs to a row, whose heartbeat tells the others that it is alive."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

from bot.domain.errors import Failed, Unanswered, Unreachable

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = timedelta(seconds=5)
RECORD_AGAIN_AFTER_S = 0.5
LAST_WORD_WITHIN_S = 2.0

Word = Callable[[int], Awaitable[None]]
T = TypeVar("T")
U = TypeVar("U")


class Background:
    """`what` is for the log; `hear` writes the heartbeat of the row with this number."""

    def __init__(self, what: str, hear: Word) -> None:
        self._what = what
        self._hear = hear
        self._under_way: dict[int, asyncio.Task[None]] = {}

    @property
    def own(self) -> Collection[int]:
        """The rows that this process knows to be alive."""
        return list(self._under_way)

    def start(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        """Its row has been committed."""
        task = asyncio.create_task(self._with_heartbeat(number, work), name=f"{self._what} {number}")
        self._under_way[number] = task
        task.add_done_callback(lambda task: self._ended(number, task))

    async def until_over(self, number: int) -> None:
        """At once where it is not of this process."""
        if task := self._under_way.get(number):
            await asyncio.wait([task])

    async def finish(self, timeout_s: float, last_word: Word) -> None:
        """At shutdown: let what is under way end; the rest is stopped, and `last_word` says so."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=timeout_s)
        for number, task in list(self._under_way.items()):
            task.cancel()
            await asyncio.wait([task])
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_WITHIN_S):
                    await last_word(number)

    async def _with_heartbeat(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        async with heartbeat(f"{self._what} {number}", lambda: self._hear(number)):
            await work

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s=%s", self._what, number, exc_info=error)


@asynccontextmanager
async def heartbeat(what: str, hear: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """While the block runs, others hear that it does."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY.total_seconds())
            with suppress(Failed):
                await hear()

    beating = asyncio.create_task(beat(), name=f"heartbeat of {what}")
    try:
        yield
    finally:
        beating.cancel()


async def side_by_side(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Both at once. When one fails the other is stopped, and that error is raised."""
    one, other = asyncio.create_task(first), asyncio.create_task(second)
    try:
        await asyncio.wait([one, other], return_when=asyncio.FIRST_EXCEPTION)
        if other.done() and not one.done():
            other.result()
        return await one, await other
    finally:
        for task in (one, other):
            task.cancel()
        await asyncio.gather(one, other, return_exceptions=True)


async def until_recorded(record: Callable[[], Awaitable[None]]) -> None:
    """It has happened: the database must learn of it, however long it is away."""
    while True:
        try:
            await record()
            return
        except (Unanswered, Unreachable):
            await asyncio.sleep(RECORD_AGAIN_AFTER_S)
