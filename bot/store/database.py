"""The connection to PostgreSQL: two pools, transactions, and the bell that other processes ring."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from psycopg.pq import PipelineStatus
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.domain.errors import Unreachable
from bot.store.queries import Connection, Queries, Row

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

# What the driver counts among faults of ours, and time mends: a process that was frozen in the middle of a transaction
# finds it ended by the server; a server that is a standby, or has been told to write nothing, will be followed by one
# that writes.
PASSING = (psycopg.OperationalError, IdleInTransactionSessionTimeout, ReadOnlySqlTransaction)

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

    async def open(self) -> None:
        await self._work.open()
        await self._intake.open()

    async def close(self) -> None:
        await self._work.close(timeout=2.0)
        await self._intake.close(timeout=2.0)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits on success, rolls back on error. Raises Unreachable when no server answers within 10 s."""
        async with _borrowed(self._work) as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """For a look, or one change: each statement is a transaction by itself, without the trips for BEGIN, COMMIT."""
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
    async def intake(self) -> AsyncIterator[Connection]:
        """One short transaction that must not wait: raises Unreachable after 1 s."""
        try:
            async with asyncio.timeout(INTAKE_PATIENCE_S), _borrowed(self._intake) as conn, conn.transaction():
                yield conn
        except TimeoutError as error:
            raise Unreachable("the database did not answer within a second") from error

    async def server_time(self) -> Row:
        """The database's `now` and its version: `{"now": datetime, "version": str}`."""
        async with self.transaction() as conn:
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
            raise Unreachable(_reason(error)) from error


@asynccontextmanager
async def _borrowed(pool: AsyncConnectionPool[Connection]) -> AsyncIterator[Connection]:
    try:
        async with pool.connection() as conn:
            alarm = asyncio.get_running_loop().call_later(LONGEST_S, _hang_up, conn)
            try:
                yield conn
            finally:
                alarm.cancel()
                # What was noted by somebody who failed is nothing that the next one wants written.
                conn.forget_everything()
                # Whoever was interrupted on the way into a pipeline left the line in one: what is asked there next is
                # answered before it is committed. The pool makes another.
                if conn.pgconn.pipeline_status != PipelineStatus.OFF:
                    await conn.close()
    except PoolTimeout as error:
        raise Unreachable("the database does not answer") from error
    except PASSING as error:
        raise Unreachable(_reason(error)) from error


def _hang_up(conn: Connection) -> None:
    """Whoever waits for the server on this line is told at once that it is lost, and the pool makes another.

    To cancel the waiting would not do: the driver then waits for the same server's word on it.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _reason(error: psycopg.Error) -> str:
    """The first line of what the server or driver said; neither holds a password."""
    return f"database: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"


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
        min_size=2,
        max_size=size,
        timeout=patience_s,
        # After an outage everything continues within seconds. The pool waits twice as long before each next attempt,
        # until it gives up: then whoever needs a connection next, which is within a second, has it tried again.
        reconnect_timeout=RECONNECT_FOR_S,
        open=False,
        name=name,
    )
