"""Turns for storing alerts: a few at once, and nobody waits for long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TypeVar

from bot.domain.errors import Unanswered, Unreachable
from bot.store.alerts import arrivals
from bot.store.database import Database
from bot.store.deadlocks import again_after_deadlock
from bot.store.errors import Blocked
from bot.store.pipelined import Connection
from bot.wire.timeouts import TimeLimit

# A storm of alerts must leave database connections for escalations.
AT_ONCE = 4
# Deliveries waiting for locks, so that they leave turns to the others.
PATIENT_AT_ONCE = 2
# Senders waiting for their turn: as many as fit one transaction. Each may hold a body of a megabyte.
MOST_WAITING = 200
MOST_WAITING_BYTES = 64 * 1024 * 1024
# How long a sender waits for its turn and a connection, and then for its alerts to be stored. After that it is told to
# retry rather than kept waiting.
TIMEOUT_S = 3.0
STORED_WITHIN_S = 20.0
# A turn is given up rather than spent waiting for a lock, and taken again once that's free.
GIVES_UP_AFTER = timedelta(milliseconds=500)
LOOK_AGAIN_S = 0.1

Result = TypeVar("Result")


class NotInTime(Unreachable):
    """Their turn had come, but they were not stored in time."""


class Room:
    """Counts the senders that wait in one place, and the bytes of their bodies."""

    def __init__(self) -> None:
        self._count = 0
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether so many are waiting that another would only cost the others time and memory."""
        return self._count >= MOST_WAITING or self._bytes >= MOST_WAITING_BYTES

    @contextmanager
    def entered(self, size: int) -> Iterator[None]:
        """Count somebody as waiting, with a body of `size` bytes, during the block."""
        self._count, self._bytes = self._count + 1, self._bytes + size
        try:
            yield
        finally:
            self._count, self._bytes = self._count - 1, self._bytes - size


class Turns:
    """Hands out transactions for alerts. `room`: the senders still waiting for one."""

    def __init__(self, db: Database) -> None:
        self.room = Room()
        self._db = db
        self._places = asyncio.Semaphore(AT_ONCE)
        self._patient = asyncio.Semaphore(PATIENT_AT_ONCE)
        self._time_limit = TimeLimit(TIMEOUT_S)

    @asynccontextmanager
    async def taken(self, size: int = 0, *, is_brief: bool = True) -> AsyncIterator[Connection]:
        """A transaction for a sender with `size` bytes that waits for its answer.

        Raises Unreachable rather than making it wait long. `is_brief`: raises Blocked soon if something is locked.
        """
        sent = False
        async with AsyncExitStack() as begun:
            place = self._place(size, is_brief=is_brief)
            conn = await begun.enter_async_context(self._time_limit.entered(place))
            try:
                async with asyncio.timeout(STORED_WITHIN_S), begun.pop_all():
                    if is_brief:
                        await arrivals.give_up_soon(conn, GIVES_UP_AFTER)
                    yield conn
                    sent = True
            except TimeoutError as error:
                raise (Unanswered if sent else NotInTime)("it could not be stored in time") from error

    @asynccontextmanager
    async def _place(self, size: int, *, is_brief: bool) -> AsyncIterator[Connection]:
        async with AsyncExitStack() as places:
            with self.room.entered(size):
                if not is_brief:
                    await places.enter_async_context(self._patient)
                await places.enter_async_context(self._places)
            yield await places.enter_async_context(self._db.transaction())


async def again_when_free(deed: Callable[[], Awaitable[Result]]) -> Result:
    """Retries `deed`, which takes a turn, while something that it wants is locked. Returns its result.

    Raises Blocked if that's locked for as long as a sender waits.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + TIMEOUT_S
    while True:
        try:
            return await again_after_deadlock(deed)
        except Blocked:
            if loop.time() > until:
                raise
        await asyncio.sleep(LOOK_AGAIN_S)
