"""Who waits for the database, for how long, and how all of them are told that it is of no use any more."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import psycopg

from bot.store.pipelined import Connection

# When a server is gone without a word, as after a failover, nothing ever comes on its lines: the system would wait for
# a quarter of an hour. Longer than any transaction of ours, whose statements have limits of their own.
LONGEST_S = 20.0
# And once nobody waits for it any more, because this process has to end.
HURRIED_S = 1.0


class Waits:
    """Of one process, for connections and on them. `end` stays so, and may be said again."""

    def __init__(self) -> None:
        self.are_over = False
        self._patience: set[asyncio.Timeout] = set()
        self._in_use: set[Connection] = set()

    @asynccontextmanager
    async def patient(self) -> AsyncIterator[None]:
        """Raises TimeoutError at the `end`; after it, when the block takes longer than a second."""
        async with asyncio.timeout(HURRIED_S if self.are_over else None) as patience:
            self._patience.add(patience)
            try:
                yield
            finally:
                self._patience.discard(patience)

    @asynccontextmanager
    async def lent(self, conn: Connection, tell: Callable[[], None]) -> AsyncIterator[None]:
        """`tell` is called when its user has had it for too long, and it is given up."""
        with self.using(conn):
            async with not_for_ever(conn, tell, within_s=HURRIED_S if self.are_over else LONGEST_S):
                yield

    @contextmanager
    def using(self, conn: Connection) -> Iterator[None]:
        """At the `end` its user hears that it is lost."""
        self._in_use.add(conn)
        try:
            yield
        finally:
            self._in_use.discard(conn)

    def end(self) -> None:
        """To cancel those who wait on a line would do no good: the driver then waits for the server's word on it."""
        self.are_over = True
        now = asyncio.get_running_loop().time()
        for patience in self._patience:
            # May be said again, at the deadline and at the end: by then some are over already.
            if not patience.expired():
                patience.reschedule(now)
        for conn in self._in_use:
            hang_up(conn)


def silence_began() -> float:
    """By the loop's time, of a line that was given up just now because nothing came on it."""
    return asyncio.get_running_loop().time() - LONGEST_S


@asynccontextmanager
async def not_for_ever(
    conn: Connection, tell: Callable[[], None] = lambda: None, *, within_s: float = LONGEST_S
) -> AsyncIterator[None]:
    """`tell` is called when the time is over and the line is given up."""

    def give_up() -> None:
        tell()
        hang_up(conn)

    alarm = asyncio.get_running_loop().call_later(within_s, give_up)
    try:
        yield
    finally:
        alarm.cancel()


def hang_up(conn: Connection) -> None:
    """Whoever waits for the server on this line is told at once that it is lost, and the pool makes another.

    To cancel the waiting would not do: the driver then waits for the same server's word on it.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
