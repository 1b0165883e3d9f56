"""The connection to PostgreSQL: two pools, transactions, and the bell that other processes ring."""

import asyncio
import os
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PipelineStatus
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.domain.errors import Unanswered, Unreachable
from bot.patience import is_committing
from bot.store.queries import Connection, Queries, Row
from bot.store.troubles import OF_THE_WORLD, READ_ONLY, failure, is_of_the_world, reason, spoils_the_line

SQL = Queries(__file__)

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 3_000
# A process that is stopped in the middle of a transaction must not hold an escalation back for longer than this.
IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_S = 5
# When a server is gone without a word, as after a failover, nothing ever comes on its lines: the system would wait for
# a quarter of an hour. Longer than any transaction of ours, whose statements have limits of their own.
LONGEST_S = 20.0
# The system's own notice of it, sooner where it can be had: over TCP, of what was sent and of a line that only listens.
NOTICES = {"tcp_user_timeout": "10000", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2"}
RECONNECT_FOR_S = 1.0
WORK_CONNECTIONS = 12
# Their own pool: storing a request must never wait behind the work that earlier requests caused.
INTAKE_CONNECTIONS = 4
INTAKE_PATIENCE_S = 1.0
# Theirs too: however many look at this process, its work is not held up.
WATCH_CONNECTIONS = 1
WATCH_PATIENCE_S = 3.0

BELL = "tocsin"
# Of a host: PostgreSQL cuts the name of a connection at 63 characters.
NAME_LENGTH = 40


class Database:
    """Hands out transactions. One per process; `open` waits for nothing, so a dead server is met at the first use.

    `process` is what this process is called wherever it holds something: `host:pid`.
    """

    def __init__(self, url: str, *, embedded: bool = False) -> None:
        self.embedded = embedded
        self.process = f"{socket.gethostname()[:NAME_LENGTH]}:{os.getpid()}"
        self.conninfo = _with_limits(url, self.process)
        self._work = _pool(self.conninfo, "work", WORK_CONNECTIONS, patience_s=10.0)
        self._intake = _pool(self.conninfo, "intake", INTAKE_CONNECTIONS, patience_s=INTAKE_PATIENCE_S)
        self._watch = _pool(self.conninfo, "watch", WATCH_CONNECTIONS, patience_s=WATCH_PATIENCE_S)

    async def open(self) -> None:
        await self._work.open()
        await self._intake.open()
        await self._watch.open()

    async def close(self) -> None:
        await self._work.close(timeout=2.0)
        await self._intake.close(timeout=2.0)
        await self._watch.close(timeout=2.0)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits on success, rolls back on error.

        Raises Unreachable when nothing was committed, because no server answers within 10 s or it cannot write;
        Unanswered when nobody knows.
        """
        async with _committing(self._work) as conn:
            yield conn

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """For a look, or one change: each statement is a transaction by itself, without the trips for BEGIN, COMMIT.

        Raises Unreachable; of a change whose answer was lost too, so it must be one that may be made twice.
        """
        async with _borrowed(self._work) as conn:
            try:
                yield conn
                await conn.write_noted()
            except (psycopg.Error, asyncio.CancelledError):
                # Of several asked in one trip, those behind one that failed may not have been prepared, as the driver
                # believes they are. It forgets that with a transaction that is undone; here there is none.
                await conn.close()
                raise

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Connection]:
        """A transaction of whoever only looks how things stand: never on a line that the work waits for."""
        async with _committing(self._watch) as conn:
            yield conn

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[Connection]:
        """One short transaction that must not wait: as `transaction`, but after 1 s."""
        sent = False
        try:
            async with asyncio.timeout(INTAKE_PATIENCE_S), _committing(self._intake) as conn:
                yield conn
                sent = True
        except TimeoutError as error:
            late = "the database did not answer within a second"
            raise (Unanswered if sent else Unreachable)(late) from error

    async def must_take_changes(self, conn: Connection) -> None:
        """Raises Unreachable on a standby, and on a server that has been told to write nothing."""
        if (await SQL.the(conn, "server_time"))["read_only"]:
            raise Unreachable(OF_THE_WORLD[READ_ONLY])

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
                await SQL.run(conn, "listen")
                yield "listening"
                async for notice in conn.notifies():
                    yield notice.payload
        except psycopg.OperationalError as error:
            raise Unreachable(reason(error)) from error


@asynccontextmanager
async def _committing(pool: AsyncConnectionPool[Connection]) -> AsyncIterator[Connection]:
    at_commit = False
    try:
        async with _lent(pool) as conn, conn.transaction():
            yield conn
            at_commit = True
            # Whoever is no longer waited for from here on may have changed something all the same.
            is_committing()
    except psycopg.Error as error:
        if not is_of_the_world(error):
            raise
        raise failure(error, at_commit=at_commit) from error


@asynccontextmanager
async def _borrowed(pool: AsyncConnectionPool[Connection]) -> AsyncIterator[Connection]:
    try:
        async with _lent(pool) as conn:
            yield conn
    except psycopg.Error as error:
        if not is_of_the_world(error):
            raise
        raise failure(error) from error


@asynccontextmanager
async def _lent(pool: AsyncConnectionPool[Connection]) -> AsyncIterator[Connection]:
    """One that the server has not hung up on, for as long as the block takes."""
    conn = await _living(pool)
    alarm = asyncio.get_running_loop().call_later(LONGEST_S, _hang_up, conn)
    try:
        async with conn:
            try:
                yield conn
            except psycopg.Error as error:
                if spoils_the_line(error):
                    await conn.close()
                raise
            finally:
                alarm.cancel()
                # What was noted by somebody who failed is nothing that the next one wants written.
                conn.forget_everything()
                # Whoever was interrupted on the way into a pipeline left the line in one: what is asked there next is
                # answered before it is committed. The pool makes another.
                if conn.pgconn.pipeline_status != PipelineStatus.OFF:
                    await conn.close()
    finally:
        await pool.putconn(conn)


async def _living(pool: AsyncConnectionPool[Connection]) -> Connection:
    """Those that died while nobody used them are thrown away, however many; the pool makes others.

    Its own check would do, but for the second that it waits after each.
    """
    try:
        while _was_hung_up(conn := await pool.getconn()):
            await conn.close()
            await pool.putconn(conn)
    except PoolTimeout as error:
        raise Unreachable("the database does not answer") from error
    return conn


def _was_hung_up(conn: Connection) -> bool:
    """Something has come although nothing was asked: the end of the line, or the server's last words before it."""
    if conn.closed:
        return True
    line = select.poll()
    line.register(conn.fileno(), select.POLLIN)
    return bool(line.poll(0))


def _hang_up(conn: Connection) -> None:
    """Whoever waits for the server on this line is told at once that it is lost, and the pool makes another.

    To cancel the waiting would not do: the driver then waits for the same server's word on it.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _with_limits(url: str, process: str) -> str:
    options = {
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
        "TimeZone": "UTC",
    }
    limits = [f"-c {name}={value}" for name, value in options.items()]
    own = conninfo_to_dict(url)
    # Behind the options of the address: they may hold a search path or what a host needs to find the database.
    return make_conninfo(
        url,
        **{name: value for name, value in NOTICES.items() if name not in own},
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=f"tocsin {process}",
        options=" ".join([str(own.get("options") or ""), *limits]).strip(),
    )


def _pool(conninfo: str, name: str, size: int, *, patience_s: float) -> AsyncConnectionPool[Connection]:
    return AsyncConnectionPool(
        conninfo,
        connection_class=Connection,
        kwargs={"row_factory": dict_row, "autocommit": True},
        min_size=min(2, size),
        max_size=size,
        timeout=patience_s,
        # After an outage everything continues within seconds. The pool waits twice as long before each next attempt,
        # until it gives up: then whoever needs a connection next, which is within a second, has it tried again.
        reconnect_timeout=RECONNECT_FOR_S,
        open=False,
        name=name,
    )
