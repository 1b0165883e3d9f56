"""Whose turn it is to store alerts: a few at once, and nobody waits for long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from bot.domain.errors import Unanswered, Unreachable
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.wire.timeouts import TimeLimit

# A storm of alerts must leave connections for the escalations.
AT_ONCE = 4
# For their turn: as many as one transaction takes. Each may hold a body of a megabyte.
MOST_WAITING = 200
MOST_WAITING_BYTES = 64 * 1024 * 1024
# How long a sender waits for its turn and for the database, and then for its alerts to be stored; after that it is told
# to come again, instead of waiting for what may never be.
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
        """Do so many wait that one more would only take time and memory from the others?"""
        return self._waiting >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES

    @contextmanager
    def waiting(self, size: int = 0) -> Iterator[None]:
        """Within the block somebody waits for their turn, with a body of so many bytes."""
        self._waiting, self._waiting_bytes = self._waiting + 1, self._waiting_bytes + size
        try:
            yield
        finally:
            self._waiting, self._waiting_bytes = self._waiting - 1, self._waiting_bytes - size

    @asynccontextmanager
    async def taken(self, size: int = 0) -> AsyncIterator[Connection]:
        """A transaction for a sender of so many bytes who waits for the answer.

        Raises Unreachable rather than let them wait long.
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
