"""Turns for storing alerts: a few at once, and nobody waits for long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from bot.domain.errors import Unanswered, Unreachable
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.wire.timeouts import TimeLimit

# A storm of alerts must leave database connections for escalations.
AT_ONCE = 4
# Senders waiting for their turn: as many as fit one transaction. Each may hold a body of a megabyte.
MOST_WAITING = 200
MOST_WAITING_BYTES = 64 * 1024 * 1024
# How long a sender waits for its turn and a connection, and then for its alerts to be stored. After that it is told to
# retry rather than kept waiting.
TIMEOUT_S = 3.0
STORED_WITHIN_S = 20.0


class NotInTime(Unreachable):
    """Their turn had come, but they were not stored in time."""


class Turns:
    """Hands out transactions for alerts."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._waiting_bytes = 0
        self._time_limit = TimeLimit(TIMEOUT_S)

    @property
    def is_full(self) -> bool:
        """Whether so many are waiting that another would only cost the others time and memory."""
        return self._waiting >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES

    @contextmanager
    def waiting(self, size: int = 0) -> Iterator[None]:
        """Count somebody as waiting, with a body of `size` bytes, during the block."""
        self._waiting, self._waiting_bytes = self._waiting + 1, self._waiting_bytes + size
        try:
            yield
        finally:
            self._waiting, self._waiting_bytes = self._waiting - 1, self._waiting_bytes - size

    @asynccontextmanager
    async def taken(self, size: int = 0) -> AsyncIterator[Connection]:
        """A transaction for a sender with `size` bytes that waits for its answer.

        Raises Unreachable rather than making it wait long.
        """
        sent = False
        async with AsyncExitStack() as begun:
            conn = await begun.enter_async_context(self._time_limit.entered(self._place(size)))
            try:
                async with asyncio.timeout(STORED_WITHIN_S), begun.pop_all():
                    yield conn
                    sent = True
            except TimeoutError as error:
                raise (Unanswered if sent else NotInTime)("it could not be stored in time") from error

    @asynccontextmanager
    async def _place(self, size: int) -> AsyncIterator[Connection]:
        with self.waiting(size):
            await self._places.acquire()
        try:
            async with self._db.transaction() as conn:
                yield conn
        finally:
            self._places.release()
