"""The lines to PostgreSQL: how one is opened and kept, why it cannot be, and whether it has a session of its own."""

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
# A process that is stopped in the middle of a transaction must not hold an escalation back for longer than this.
IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_S = 5
# The system's own notice of it, sooner where it can be had: over TCP, of what was sent and of a line that only listens.
NOTICES = {"tcp_user_timeout": "10000", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2"}
RECONNECT_FOR_S = 1.0
# A pooler that is idle hands out the same session to both at the first turn; one that takes turns, within a few.
TURNS = 3
WAY_ROUND = "Let DATABASE_URL lead to PostgreSQL itself, or have the pooler use session mode."


class PooledConnection(Connection):
    """One of a pool, which says why it could not be had: of that the pool itself tells nobody."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.opened_at = asyncio.get_running_loop().time()
        self._waits: Waits | None = None

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """The option `refused` is called with what the server said against it; None: let in, or nobody answers."""
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
        """What the driver does for whoever is cancelled while they wait on this line: it asks the server to end the
        statement, for five seconds, and waits for as long again until it has. Not for one that nobody waits for."""
        if self._waits and self._waits.are_over:
            hang_up(self)
        else:
            await super()._try_cancel(timeout=timeout)


class Pool(AsyncConnectionPool[Connection]):
    """Some lines for one purpose, none of which anybody keeps for longer than `waits.LONGEST_S`."""

    def __init__(self, conninfo: str, name: str, size: int, *, waits: Waits, at_rest: int, timeout_s: float) -> None:
        """`at_rest`: so many are open from the beginning, and stay so while nobody needs any."""
        # Of the latest attempt to have one more; None: it was let in, or nobody answered.
        self.refusal: str | None = None
        self._waits = waits
        # Was there ever a pooler between us and the server?
        self.is_pooled = False
        # Lines from before one of them was found silent: the others lead to the same server that is gone.
        self._distrusted_before = 0.0
        super().__init__(
            conninfo,
            connection_class=PooledConnection,
            kwargs={"row_factory": dict_row, "autocommit": True, "refused": self._is_refused, "waits": waits},
            configure=self._begin,
            min_size=min(at_rest, size),
            max_size=size,
            timeout=timeout_s,
            # After an outage everything continues within seconds. The pool waits twice as long before each next
            # attempt, until it gives up: then whoever needs a connection next, which is within a second, has it tried
            # again.
            reconnect_timeout=RECONNECT_FOR_S,
            open=False,
            name=name,
        )

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Connection]:
        """One that the server has not hung up on, for as long as the block takes. Raises Unreachable."""
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
                    # What a failed transaction had pending must not be written by the next one.
                    conn.reset_pending()
                    # Whoever was interrupted on the way into a pipeline left the line in one: what is asked there next
                    # is answered before it is committed. The pool makes another.
                    if conn.pgconn.pipeline_status != PipelineStatus.OFF:
                        await conn.close()
        finally:
            await self.putconn(conn)

    def distrust(self) -> None:
        """What is open now is used no more once it has been given back."""
        self._distrusted_before = asyncio.get_running_loop().time()

    async def _living(self) -> Connection:
        """Those that died while nobody used them are thrown away, however many, and those that are as old as one that
        was found silent: to wait for each of them in turn would take minutes. The pool makes others.

        Its own check would do, but for the second that it waits after each.
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
        """Nothing came on one for so long: what was opened before it was asked is as old as that."""
        self._distrusted_before = silence_began()

    def _is_refused(self, why: str | None) -> None:
        self.refusal = why

    async def _begin(self, conn: Connection) -> None:
        """A server that has let somebody in has a session for them; a pooler lets everybody in, and then they wait."""
        self.refusal = NO_SESSION
        try:
            with self._waits.using(conn):
                self.is_pooled |= not await limited(conn)
        except psycopg.Error as error:
            self.refusal = NO_SESSION if reason(error) == NO_SESSION else None
            raise
        self.refusal = None


async def limited(conn: Connection) -> bool:
    """The session has its limits and its time zone from here on.

    False: there is a pooler in between. Each has numbers of its own for those whom it lets in; the server's is that of
    the process which answers. What such a line prepares may be another's one day, so it prepares nothing.
    """
    async with not_for_ever(conn):
        session = await SQL.the(
            conn,
            "limits",
            statement_ms=str(STATEMENT_TIMEOUT_MS),
            lock_ms=str(LOCK_TIMEOUT_MS),
            idle_ms=str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
        )
    is_direct = bool(session["pid"] == conn.pgconn.backend_pid)
    if not is_direct:
        conn.prepare_threshold = None
    return is_direct


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A line for one use, with a session and without the limits. Raises Unreachable with the server's reason, whenever
    it stops answering."""
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
        # Not quoted: what cannot be read may be the password.
        raise Away("database: its address cannot be read") from error
    # Nothing is prepared: what leads to the database may not keep it.
    return await Connection.connect(whole, row_factory=dict_row, autocommit=True, prepare_threshold=None)


async def _must_have_session(conn: Connection) -> None:
    """Nobody at a shell waits for minutes, without a word, until a pooler has one."""
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
    """Raises Pooled when a pooler gives each transaction whichever session is free.

    There LISTEN hears nothing, and what one of us prepares or sets is another's. Neither may be in a transaction.
    """
    sessions = [[await SQL.the(conn, "session") for conn in (one, other)] for _ in range(TURNS)]
    first, second = sessions[0]
    if first == second or any(turn != [first, second] for turn in sessions):
        raise Pooled(f"{POOLED}. {WAY_ROUND}")


def address(url: str, process: str) -> str:
    """With whose line it is, and how soon one that has died is given up."""
    own = conninfo_to_dict(url)
    return make_conninfo(
        url,
        **{name: value for name, value in NOTICES.items() if name not in own},
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=f"tocsin {process}",
    )


def _was_hung_up(conn: Connection) -> bool:
    """Something has come although nothing was asked: the end of the line, or the server's last words before it."""
    if conn.closed:
        return True
    line = select.poll()
    line.register(conn.fileno(), select.POLLIN)
    return bool(line.poll(0))
