"""Waiting for the database: its limits, and ending all waits at shutdown."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import psycopg

from bot.store.pipelined import Connection

# When a server vanishes, as in a failover, its connections stay silent and TCP would wait a quarter of an hour. This is
# longer than any transaction of ours, whose statements have limits of their own.
LONGEST_S = 20.0
# The limit once the process has to end.
HURRIED_S = 1.0


class Waits:
    """All waits of one process, for connections and on them. `end` is permanent and idempotent."""

    def __init__(self) -> None:
        self.are_over = False
        self._patience: set[asyncio.Timeout] = set()
        self._in_use: set[Connection] = set()

    @asynccontextmanager
    async def patient(self) -> AsyncIterator[None]:
        """Raises TimeoutError at `end`; after that, when the block takes longer than a second."""
        async with asyncio.timeout(HURRIED_S if self.are_over else None) as patience:
            self._patience.add(patience)
            try:
                yield
            finally:
                self._patience.discard(patience)

    @asynccontextmanager
    async def lent(self, conn: Connection, tell: Callable[[], None]) -> AsyncIterator[None]:
        """While `conn` is lent: after the limit it is hung up, and `tell` is called."""
        with self.using(conn):
            async with not_for_ever(conn, tell, within_s=HURRIED_S if self.are_over else LONGEST_S):
                yield

    @contextmanager
    def using(self, conn: Connection) -> Iterator[None]:
        """While `conn` is in use: `end` hangs up, so that its user's query fails."""
        self._in_use.add(conn)
        try:
            yield
        finally:
            self._in_use.discard(conn)

    def end(self) -> None:
        """End all waits by hanging up. Cancelling tasks wouldn't help: the driver then waits for the server."""
        self.are_over = True
        now = asyncio.get_running_loop().time()
        for patience in self._patience:
            # `end` may be called twice, at the deadline and at the end, when some of these have expired.
            if not patience.expired():
                patience.reschedule(now)
        for conn in self._in_use:
            hang_up(conn)


def silence_began() -> float:
    """For a connection that has just been given up as silent: since when, in the loop's time."""
    return asyncio.get_running_loop().time() - LONGEST_S


@asynccontextmanager
async def not_for_ever(
    conn: Connection, tell: Callable[[], None] = lambda: None, *, within_s: float = LONGEST_S
) -> AsyncIterator[None]:
    """Hang up when the block takes longer than `within_s`, after calling `tell`."""

    def give_up() -> None:
        tell()
        hang_up(conn)

    alarm = asyncio.get_running_loop().call_later(within_s, give_up)
    try:
        yield
    finally:
        alarm.cancel()


def hang_up(conn: Connection) -> None:
    """Shut the socket down: whoever waits on it hears at once that it is lost, and the pool opens another.

    Cancelling the wait wouldn't help: the driver then waits for the same server's answer.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
