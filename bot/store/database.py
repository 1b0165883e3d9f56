"""The connection to PostgreSQL: pools, transactions, and the bell that other processes ring."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.errors import DiskFull
from psycopg.rows import dict_row

from bot.domain.errors import Failed
from bot.store.connections import Pool, address, limited, must_be_sessions
from bot.store.errors import (
    DISK_FULL,
    OF_THE_WORLD,
    POOLED,
    READ_ONLY,
    Away,
    NotAnswered,
    Pooled,
    failure,
    is_of_the_world,
    reason,
)
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row
from bot.store.waits import HURRIED_S, Waits
from bot.wire.timeouts import TimeLimit, is_committing, stays_cancelled

SQL = Queries(__file__)

WORK_CONNECTIONS = 12
# Their own pool: storing a request must never wait behind the work that earlier requests caused.
INTAKE_CONNECTIONS = 4
# The person is waiting, and Slack for the acknowledgement: after three seconds it would say that the app is broken.
INTAKE_TIMEOUT_S = 1.0
# Theirs too: however many look at this process, its work does not wait. Two, to be told from each other.
WATCH_CONNECTIONS = 2
# Less than those who look have, so that they hear why.
WATCH_TIMEOUT_S = 2.0

# And of the pages that are about to leave: one round asks for all of them, and must not wait for a line.
LEAVING_CONNECTIONS = 2
LEAVING_TIMEOUT_S = 1.0

# Of each of these, so that nobody waits for a connection that the server has yet to open.
CONNECTIONS_AT_REST = 2

BELL = "tocsin"
# Of a host: PostgreSQL cuts the name of a connection at 63 characters.
NAME_LENGTH = 40


class Database:
    """Hands out transactions. One per process; `open` waits for nothing, so a dead server is met at the first use.

    `process` is what this process is called wherever it holds something: `host:pid`. `intake_limit` is how long
    whoever waits for an acknowledgement waits for the database.
    """

    def __init__(
        self,
        url: str,
        *,
        embedded: bool = False,
        work_connections: int = WORK_CONNECTIONS,
        at_rest: int = CONNECTIONS_AT_REST,
        intake_timeout_s: float = INTAKE_TIMEOUT_S,
    ) -> None:
        self.embedded = embedded
        self.process = f"{socket.gethostname()[:NAME_LENGTH]}:{os.getpid()}"
        self.conninfo = address(url, self.process)
        self.intake_limit = TimeLimit(intake_timeout_s)
        self._found_full = False
        self._met_pooler = False
        self._comparing = asyncio.Lock()
        self._waits = Waits()
        pool = partial(Pool, self.conninfo, waits=self._waits, at_rest=at_rest)
        self._work = pool("work", work_connections, timeout_s=10.0)
        self._intake = pool("intake", INTAKE_CONNECTIONS, timeout_s=intake_timeout_s)
        self._watch = pool("watch", WATCH_CONNECTIONS, timeout_s=WATCH_TIMEOUT_S)
        self._leaving = pool("leaving", LEAVING_CONNECTIONS, timeout_s=LEAVING_TIMEOUT_S)
        self._pools = (self._work, self._intake, self._watch, self._leaving)

    async def open(self) -> None:
        for pool in self._pools:
            await pool.open()

    async def close(self) -> None:
        """Within a second, whoever uses it."""
        self.wait_no_longer()
        await asyncio.gather(*(pool.close(timeout=HURRIED_S) for pool in self._pools))

    def wait_no_longer(self) -> None:
        """Whoever waits for the database hears at once that it is away; whoever asks later, within two seconds."""
        self._waits.end()

    @property
    def is_waited_for(self) -> bool:
        return not self._waits.are_over

    async def answers(self) -> bool:
        """Within a second."""
        try:
            await TimeLimit(HURRIED_S).wait_for(self.server_time())
        except Failed:
            return False
        return True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits on success, rolls back on error.

        Raises Unreachable when nothing was committed, because no server answers within 10 s or it cannot write;
        Unanswered when nobody knows.
        """
        async with self._committing(self._work) as conn:
            yield conn

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """For a look, or one change: each statement is a transaction by itself, without the trips for BEGIN, COMMIT.

        Raises Unreachable; of a change whose answer was lost too, so it must be one that may be made twice.
        """
        async with self._borrowed(self._work) as conn:
            try:
                yield conn
                await conn.flush_all()
            except (psycopg.Error, asyncio.CancelledError):
                # Of several asked in one trip, those behind one that failed may not have been prepared, as the driver
                # believes they are. It forgets that with a transaction that is undone; here there is none.
                await conn.close()
                raise

    @asynccontextmanager
    async def last_look(self) -> AsyncIterator[Connection]:
        """For one statement about what leaves at this moment: on a line that no work keeps busy. Raises Unreachable."""
        async with self._borrowed(self._leaving) as conn:
            yield conn

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Connection]:
        """A transaction of whoever only looks how things stand: never on a line that the work waits for."""
        async with self._committing(self._watch) as conn:
            yield conn

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[Connection]:
        """One short transaction that must not wait: as `transaction`, but within the `intake_limit`."""
        sent = False
        try:
            async with asyncio.timeout(self.intake_limit.seconds), self._committing(self._intake) as conn:
                yield conn
                sent = True
        except TimeoutError as error:
            late = self._intake.refusal or f"the database did not answer within {self.intake_limit.seconds:g} s"
            raise (NotAnswered if sent else Away)(late) from error

    async def must_take_changes(self, conn: Connection) -> None:
        """Raises Unreachable on a standby, on a server that has been told to write nothing, and on a full disk."""
        if (await SQL.the(conn, "server_time"))["read_only"]:
            raise Away(OF_THE_WORLD[READ_ONLY])
        await self._must_have_room(conn)

    async def _must_have_room(self, conn: Connection) -> None:
        """Once the disk was found full it is until more fits on it: small changes may find room all the while."""
        if not self._found_full:
            return
        try:
            async with conn.transaction(force_rollback=True):
                await SQL.run(conn, "take_room")
        except DiskFull as error:
            raise Away(OF_THE_WORLD[DISK_FULL]) from error
        self._found_full = False

    @property
    def is_pooled(self) -> bool:
        """Some line leads, or led, through a pooler. A line that does not has its session for as long as it lasts."""
        return self._met_pooler or any(pool.is_pooled for pool in self._pools)

    async def must_be_sessions(self) -> None:
        """Raises Pooled behind a pooler that gives each transaction another session, Unreachable without an answer."""
        # Two who have a line each would wait for the other's.
        try:
            async with self._comparing, self._borrowed(self._watch) as one, self._borrowed(self._watch) as other:
                await must_be_sessions(one, other)
        except Pooled:
            self._met_pooler = True
            # What these have prepared is another's, for as long as they last: once there are sessions again too.
            for pool in (self._work, self._intake, self._watch, self._leaving):
                pool.distrust()
            raise

    async def must_have_room(self) -> None:
        """Raises Unreachable when the disk was found full, and still is."""
        if self._found_full:
            async with self.watch() as conn:
                await self._must_have_room(conn)

    async def server_time(self) -> Row:
        """The database's `now` and its version: `{"now": datetime, "version": str, "read_only": bool}`."""
        async with self.watch() as conn:
            return await SQL.the(conn, "server_time")

    async def rung(self) -> AsyncIterator[str]:
        """Yields at each ring of the bell by any process; raises Unreachable when the connection is lost.

        The first yield comes at once, when the listening has begun: what was rung before must be looked for.
        """
        try:
            # Called otherwise than the pools: whoever listens is a bot that runs.
            conninfo = make_conninfo(self.conninfo, application_name=f"tocsin-bell {self.process}")
            conn = await Connection.connect(conninfo, autocommit=True, row_factory=dict_row)
            async with conn:
                with self._waits.using(conn):
                    await limited(conn)
                    await SQL.run(conn, "listen")
                    yield "listening"
                    async for notice in conn.notifies():
                        yield notice.payload
        except psycopg.OperationalError as error:
            raise Away(reason(error)) from error

    @asynccontextmanager
    async def _committing(self, pool: Pool) -> AsyncIterator[Connection]:
        at_commit = False
        with stays_cancelled():
            try:
                async with pool.lent() as conn, conn.transaction():
                    yield conn
                    at_commit = True
                    # Whoever is no longer waited for from here on may have changed something all the same.
                    is_committing()
            except psycopg.Error as error:
                self._remember(error)
                if not is_of_the_world(error):
                    raise
                raise failure(error, at_commit=at_commit) from error

    @asynccontextmanager
    async def _borrowed(self, pool: Pool) -> AsyncIterator[Connection]:
        with stays_cancelled():
            try:
                async with pool.lent() as conn:
                    yield conn
            except psycopg.Error as error:
                self._remember(error)
                if not is_of_the_world(error):
                    raise
                raise failure(error) from error

    def _remember(self, error: psycopg.Error) -> None:
        if error.sqlstate == DISK_FULL:
            self._found_full = True
        if reason(error) == POOLED:
            self._met_pooler = True
