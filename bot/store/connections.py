"""Connections to PostgreSQL: opening and keeping them, why one is refused, and whether it has a session of its own."""

import asyncio
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PipelineStatus
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.store.errors import NO_SESSION, POOLED, Away, Pooled, is_of_the_world, reason, refusal, spoils_the_line
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.waits import Waits, hang_up, not_for_ever, silence_began

SQL = Queries(__file__)

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 3_000
# A process frozen in the middle of a transaction must not hold up an escalation for longer than this.
IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000
# Frozen in the middle of a pipeline it is not idle as the server sees it, and would keep its locks for as long as it
# stands still.
TRANSACTION_TIMEOUT_MS = 60_000
CONNECT_TIMEOUT_S = 5
# The system notices a dead TCP connection sooner with these: of unanswered data, and of a line that only listens.
NOTICES = {"tcp_user_timeout": "10000", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2"}
RECONNECT_FOR_S = 1.0
# An idle pooler gives both connections the same session in the first turn; one that rotates shows it within a few.
TURNS = 3
WAY_ROUND = "Let DATABASE_URL lead to PostgreSQL itself, or have the pooler use session mode."


class PooledConnection(Connection):
    """A pooled connection that tells why opening it failed: the pool itself tells nobody."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.opened_at = asyncio.get_running_loop().time()
        self._waits: Waits | None = None

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Calls the option `refused` with the server's reason; with None when let in, or when nobody answered."""
        refused: Callable[[str | None], None] = options.pop("refused")
        waits: Waits = options.pop("waits")
        try:
            async with waits.patient():
                line = await super().connect(conninfo, **options)
        except TimeoutError as error:
            raise psycopg.OperationalError("nobody waits for it any more") from error
        except psycopg.OperationalError as error:
            refused(refusal(error))
            raise
        refused(None)
        line._waits = waits
        return line

    async def _try_cancel(self, *, timeout: float = 5.0) -> None:
        """Called by the driver when a task waiting on this connection is cancelled: by default it asks the server to
        cancel the statement, for up to five seconds, and waits as long again for the end. After `Waits.end`, just hang
        up."""
        if self._waits and self._waits.are_over:
            hang_up(self)
        else:
            await super()._try_cancel(timeout=timeout)


class Pool(AsyncConnectionPool[Connection]):
    """Connections for one purpose; nobody keeps one for longer than `waits.LONGEST_S`."""

    def __init__(self, conninfo: str, name: str, size: int, *, waits: Waits, at_rest: int, timeout_s: float) -> None:
        """`at_rest`: how many are opened at the start and stay open while idle."""
        # Why the latest attempt to add a connection failed; None: it was let in, or nobody answered.
        self.refusal: str | None = None
        self._waits = waits
        # Has any connection led through a pooler?
        self.is_pooled = False
        # Don't reuse connections opened before this: one as old went silent, so the others lead to the same dead
        # server.
        self._distrusted_before = 0.0
        super().__init__(
            conninfo,
            connection_class=PooledConnection,
            kwargs={"row_factory": dict_row, "autocommit": True, "refused": self._is_refused, "waits": waits},
            configure=self._begin,
            min_size=min(at_rest, size),
            max_size=size,
            timeout=timeout_s,
            # After an outage, work resumes within seconds. The pool doubles its wait between attempts until it gives
            # up; then the next caller that needs a connection, within a second, triggers a new attempt.
            reconnect_timeout=RECONNECT_FOR_S,
            open=False,
            name=name,
        )

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Connection]:
        """Lends a connection that the server has not closed, for the duration of the block. Raises Unreachable."""
        conn = await self._living()
        try:
            async with conn, self._waits.lent(conn, self._is_silent):
                try:
                    yield conn
                except psycopg.Error as error:
                    if spoils_the_line(error):
                        await conn.close()
                    raise
                finally:
                    # Writes left pending by a failed transaction must not go out with the next one.
                    conn.reset_pending()
                    # A task interrupted while it entered a pipeline leaves the connection in pipeline mode, where
                    # queries are answered before they are committed. Close it; the pool opens another.
                    if conn.pgconn.pipeline_status != PipelineStatus.OFF:
                        await conn.close()
        finally:
            await self.putconn(conn)

    def distrust(self) -> None:
        """Close the connections open now as soon as they are given back."""
        self._distrusted_before = asyncio.get_running_loop().time()

    async def _living(self) -> Connection:
        """Discard connections that died while idle, and those as old as one found silent: waiting for each of them in
        turn would take minutes. The pool opens others.

        The pool's own check would do, but it waits a second after each failure.
        """
        try:
            async with self._waits.patient():
                while self._is_distrusted(conn := await self.getconn()) or _was_hung_up(conn):
                    await conn.close()
                    await self.putconn(conn)
        except (PoolTimeout, TimeoutError) as error:
            raise Away(self.refusal or "the database does not answer") from error
        return conn

    def _is_distrusted(self, conn: Connection) -> bool:
        return isinstance(conn, PooledConnection) and conn.opened_at <= self._distrusted_before

    def _is_silent(self) -> None:
        """One went silent for LONGEST_S: connections opened before that was asked are just as suspect."""
        self._distrusted_before = silence_began()

    def _is_refused(self, why: str | None) -> None:
        self.refusal = why

    async def _begin(self, conn: Connection) -> None:
        """A server that accepts a connection has a session for it; a pooler accepts everybody and lets them wait."""
        self.refusal = NO_SESSION
        try:
            with self._waits.using(conn):
                self.is_pooled |= not await limited(conn)
        except psycopg.Error as error:
            self.refusal = NO_SESSION if reason(error) == NO_SESSION else None
            raise
        self.refusal = None


async def limited(conn: Connection) -> bool:
    """Set the session's time limits and time zone. Returns False when a pooler is in between.

    A pooler reports process ids of its own, so the backend's real id differs. Through a pooler nothing is prepared: a
    prepared statement may end up in somebody else's session.
    """
    async with not_for_ever(conn):
        session = await SQL.the(
            conn,
            "limits",
            statement_ms=str(STATEMENT_TIMEOUT_MS),
            lock_ms=str(LOCK_TIMEOUT_MS),
            idle_ms=str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            transaction_ms=str(TRANSACTION_TIMEOUT_MS),
        )
    is_direct = bool(session["pid"] == conn.pgconn.backend_pid)
    if not is_direct:
        conn.prepare_threshold = None
    return is_direct


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection for one use, checked to have a session, without the time limits. Raises Unreachable with the
    server's reason at any time it stops answering."""
    try:
        async with await _opened(url) as conn:
            await _must_have_session(conn)
            yield conn
    except psycopg.Error as error:
        if not is_of_the_world(error):
            raise
        raise Away(reason(error)) from error


async def _opened(url: str) -> Connection:
    try:
        whole = make_conninfo(url, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.ProgrammingError as error:
        # Don't quote the address: the unreadable part may be the password.
        raise Away("database: its address cannot be read") from error
    # Prepare no statements: a pooler may not keep them.
    return await Connection.connect(whole, row_factory=dict_row, autocommit=True, prepare_threshold=None)


async def _must_have_session(conn: Connection) -> None:
    """Fail within seconds, so that nobody at a shell waits silently for minutes until a pooler has a session."""
    late = False

    def note() -> None:
        nonlocal late
        late = True

    try:
        async with not_for_ever(conn, note, within_s=CONNECT_TIMEOUT_S):
            await SQL.the(conn, "session")
    except psycopg.OperationalError as error:
        raise Away(NO_SESSION if late else reason(error)) from error


async def must_be_sessions(one: Connection, other: Connection) -> None:
    """Raises Pooled when a pooler in transaction mode gives each transaction whichever session is free.

    There LISTEN hears nothing, and prepared statements and settings leak between clients. Neither connection may be in
    a transaction.
    """
    sessions = [[await SQL.the(conn, "session") for conn in (one, other)] for _ in range(TURNS)]
    first, second = sessions[0]
    if first == second or any(turn != [first, second] for turn in sessions):
        raise Pooled(f"{POOLED}. {WAY_ROUND}")


def address(url: str, process: str) -> str:
    """The URL with this process's name on it and with limits that detect a dead connection."""
    own = conninfo_to_dict(url)
    return make_conninfo(
        url,
        **{name: value for name, value in NOTICES.items() if name not in own},
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=f"tocsin {process}",
    )


def _was_hung_up(conn: Connection) -> bool:
    """Data arrived although nothing was asked: the end of the connection, or the server's last message before it."""
    if conn.closed:
        return True
    line = select.poll()
    line.register(conn.fileno(), select.POLLIN)
    return bool(line.poll(0))
