"""Work that outlasts a request: each piece has a row, whose heartbeat tells other processes that it is alive.

After LOST_AFTER without a heartbeat its process counts as dead, and any process may take over.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from bot.domain.errors import Failed, Refused, Unanswered, Unreachable
from bot.store.errors import whose_it_is

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = timedelta(seconds=5)
RECORD_AGAIN_AFTER_S = 0.5
# Once to clean up, and again to record the outcome.
LAST_WORD_WITHIN_S = 1.5
STOPPED = "Tocsin was stopped while it ran"

Afterwards = Callable[[], Awaitable[None]]
T = TypeVar("T")
U = TypeVar("U")


class Ledger(Protocol):
    """Where one kind of work is recorded, by row number."""

    async def beat(self, number: int) -> None:
        """Record that it is alive, with its progress."""

    async def fail(self, number: int, error: str) -> None:
        """Record the failure, unless it has already ended. Returns once recorded, however long the database is down."""


class LongWork:
    """The work of one kind in this process. `what`: its name in the log."""

    def __init__(self, what: str, ledger: Ledger) -> None:
        self._what = what
        self._ledger = ledger
        self._under_way: dict[int, asyncio.Task[None]] = {}

    @property
    def own(self) -> Collection[int]:
        """Rows this process knows to be alive."""
        return list(self._under_way)

    def start(self, number: int, work: Coroutine[Any, Any, None], afterwards: Afterwards | None = None) -> None:
        """Run it; its row must be committed. Whatever it raises is recorded as its failure.

        `afterwards` cleans up however it ended, and is retried until the database answers.
        """
        task = asyncio.create_task(self._run(number, work, afterwards), name=f"{self._what} {number}")
        self._under_way[number] = task
        task.add_done_callback(lambda task: self._ended(number, task))

    async def until_over(self, number: int) -> None:
        """Wait for its end; returns at once for work of another process."""
        if task := self._under_way.get(number):
            await asyncio.wait([task])

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: let running work finish; stop the rest and record it as failed."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=timeout_s)
        left = dict(self._under_way)
        for task in left.values():
            task.cancel()
        if left:
            await asyncio.wait(left.values(), timeout=LAST_WORD_WITHIN_S)
        await asyncio.gather(*map(self._say_stopped, left))

    async def _say_stopped(self, number: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_WITHIN_S):
                await self._ledger.fail(number, STOPPED)

    async def _run(self, number: int, work: Coroutine[Any, Any, None], afterwards: Afterwards | None) -> None:
        async with heartbeat(f"{self._what} {number}", lambda: self._ledger.beat(number)):
            try:
                await work
            except (Failed, Refused) as error:
                await self._ledger.fail(number, _said(error))
            except Exception as error:
                log.exception("%s=%s", self._what, number)
                await self._ledger.fail(number, f"a fault in Tocsin: {type(error).__name__}")
            if afterwards:
                await until_recorded(afterwards)

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s=%s", self._what, number, exc_info=error)


def _said(error: Failed | Refused) -> str:
    """Make clear whose error it is, lest our own database be taken for the one backed up or restored."""
    return whose_it_is(error) if isinstance(error, Failed) else str(error)


@asynccontextmanager
async def heartbeat(what: str, beat: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call `beat` every five seconds while the block runs."""

    async def keep_beating() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY.total_seconds())
            with suppress(Failed):
                await beat()

    beating = asyncio.create_task(keep_beating(), name=f"heartbeat of {what}")
    try:
        yield
    finally:
        beating.cancel()


async def side_by_side(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Run both concurrently. If one fails, the other is stopped and the error raised."""
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


async def until_recorded(record: Callable[[], Awaitable[T]], *, within: timedelta | None = None) -> T:
    """Record something that has happened, retrying while the database is down. `record` must be idempotent.

    `within`: give up after this and raise the last failure, where the next thing must not come late.
    """
    begun_s = time.monotonic()
    while True:
        try:
            return await record()
        except (Unanswered, Unreachable):
            if within is not None and time.monotonic() - begun_s >= within.total_seconds():
                raise
            await asyncio.sleep(RECORD_AGAIN_AFTER_S)
