"""Access to PostgreSQL: connection pools, transactions, and the bell (NOTIFY) that other processes ring."""

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
# A pool of its own: storing a request must never wait behind the work that earlier requests caused.
INTAKE_CONNECTIONS = 4
# A person waits, and so does Slack: after three seconds without an acknowledgement it reports the app as broken.
INTAKE_TIMEOUT_S = 1.0
# Also its own pool: monitoring requests, however many, never delay the work. Two, to tell their sessions apart.
WATCH_CONNECTIONS = 2
# Shorter than the callers' own time-outs, so that they get the reason.
WATCH_TIMEOUT_S = 2.0

# Its own pool for pages about to leave: one batch asks for all of them, and must not wait for a connection.
LEAVING_CONNECTIONS = 2
LEAVING_TIMEOUT_S = 1.0

# Kept open in each pool, so that nobody waits for a new connection to be established.
CONNECTIONS_AT_REST = 2

BELL = "tocsin"
# Limit for the host's name: PostgreSQL cuts application names at 63 characters.
NAME_LENGTH = 40


class Database:
    """Hands out transactions. One per process. `open` doesn't wait: a dead server is noticed at the first use.

    `process` names this process (`host:pid`) in the rows it holds. `intake_limit` is how long a caller that must
    acknowledge a request waits for the database.
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
        """Close all pools within a second, even while they are in use."""
        self.wait_no_longer()
        await asyncio.gather(*(pool.close(timeout=HURRIED_S) for pool in self._pools))

    def wait_no_longer(self) -> None:
        """End all waits for the database: callers hear at once that it is away, later callers within two seconds."""
        self._waits.end()

    @property
    def is_waited_for(self) -> bool:
        return not self._waits.are_over

    async def answers(self) -> bool:
        """Does the database answer within a second?"""
        try:
            await TimeLimit(HURRIED_S).wait_for(self.server_time())
        except Failed:
            return False
        return True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: commits on success, rolls back on error.

        Raises Unreachable when nothing was committed (no answer within 10 s, or the server can't write); Unanswered
        when the outcome of the COMMIT is unknown.
        """
        async with self._committing(self._work) as conn:
            yield conn

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """For a read or a single change: each statement autocommits, which saves the round trips of BEGIN and COMMIT.

        Raises Unreachable, even when only the answer to a change was lost, so the change must be idempotent.
        """
        async with self._borrowed(self._work) as conn:
            try:
                yield conn
                await conn.flush_all()
            except (psycopg.Error, asyncio.CancelledError):
                # When one of several pipelined statements fails, those behind it may not be prepared although the
                # driver believes so. The driver forgets that on a rollback; autocommit has none.
                await conn.close()
                raise

    @asynccontextmanager
    async def last_look(self) -> AsyncIterator[Connection]:
        """For one statement about a delivery leaving now, on a pool that no work keeps busy. Raises Unreachable."""
        async with self._borrowed(self._leaving) as conn:
            yield conn

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Connection]:
        """A transaction for monitoring, on a pool of its own, so that work never waits for it."""
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
        """Raises Unreachable on a standby, a read-only server or a full disk."""
        if (await SQL.the(conn, "server_time"))["read_only"]:
            raise Away(OF_THE_WORLD[READ_ONLY])
        await self._must_have_room(conn)

    async def _must_have_room(self, conn: Connection) -> None:
        """Once found full, the disk counts as full until a larger write succeeds: small changes may still fit."""
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
        """Has any connection led through a pooler? A direct one keeps its session for life."""
        return self._met_pooler or any(pool.is_pooled for pool in self._pools)

    async def must_be_sessions(self) -> None:
        """Raises Pooled behind a pooler in transaction mode, Unreachable without an answer."""
        # One at a time: two callers holding one connection each would deadlock waiting for the other's.
        try:
            async with self._comparing, self._borrowed(self._watch) as one, self._borrowed(self._watch) as other:
                await must_be_sessions(one, other)
        except Pooled:
            self._met_pooler = True
            # Statements prepared here belong to shared sessions, even after the pooler is gone.
            for pool in (self._work, self._intake, self._watch, self._leaving):
                pool.distrust()
            raise

    async def must_have_room(self) -> None:
        """Raises Unreachable when the disk was found full and still is."""
        if self._found_full:
            async with self.watch() as conn:
                await self._must_have_room(conn)

    async def server_time(self) -> Row:
        """The database's time, version and state: `{"now": datetime, "version": str, "read_only": bool}`."""
        async with self.watch() as conn:
            return await SQL.the(conn, "server_time")

    async def rung(self) -> AsyncIterator[str]:
        """Yields whenever any process rings the bell; raises Unreachable when the connection is lost.

        Yields once at the start, when listening has begun: callers must look for what was rung before.
        """
        try:
            # A name of its own: a process that listens is a running bot.
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
                    # From here on a caller that stops waiting may have changed something all the same.
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
