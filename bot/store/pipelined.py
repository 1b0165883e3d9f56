"""A connection that saves round trips: row writes are deferred, and the COMMIT's trip carries what is left.

A deed's transaction as the network sees it; `>` is a round trip, `|` marks its answer:

    async with db.transaction() as conn:        > BEGIN
        row = await SQL.one(conn, "lock")       > SELECT ... FOR UPDATE                           | its row
        await SQL.defer(conn, "write", ...)       (pending)
        await SQL.defer(conn, "put", ...)         (pending)
        SQL.defer_to_commit(conn, "put_once", ...)  (written last)
        await SQL.run(conn, "save", ...)        > INSERT write, INSERT put, UPDATE save           | its count
        await SQL.defer(conn, "write", ...)       (pending)
        conn.at_commit(..., on_answer, ...)       (asked last)
                                                > INSERT write, INSERT put_once, the last question, COMMIT
                                                                                                  | committed
    on_answer(rows)

When the last trip was sent but not answered, the outcome of the COMMIT is unknown, and `on_commit_unknown` is called
instead of `on_answer`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, AsyncPipeline, Error
from psycopg.errors import PipelineAborted
from psycopg.pq import TransactionStatus
from psycopg.transaction import AsyncTransaction

from bot.store.rows import Row, as_json


@dataclass(frozen=True)
class Question:
    """A query sent with the COMMIT, and callbacks for its answer or for an unknown outcome of the COMMIT."""

    statement: bytes
    values: Mapping[str, Any]
    on_answer: Callable[[list[Row]], None]
    on_commit_unknown: Callable[[], None]


class Connection(AsyncConnection[Row]):
    """A connection with pending writes: rows that are only needed by the commit are written together.

    A statement costs more than the rows it writes. Every other query on this connection flushes them first, so the
    delay is invisible, except that an error in such a row is raised by the trip that carries it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pending: dict[bytes, dict[object, Row]] = {}
        self._last: dict[bytes, list[Row]] = {}
        self._at_commit: list[Question] = []

    async def defer(self, statement: bytes, row: Row, *, once: object = None) -> None:
        """Write this row later with others. `statement` takes many as `%(rows)s`. `once`: a name that one statement may
        write only once; a second row of that name flushes the first."""
        if once is not None and once in self._pending.get(statement, {}):
            await self.flush()
        rows = self._pending.setdefault(statement, {})
        rows[len(rows) if once is None else once] = row

    def defer_to_commit(self, statement: bytes, row: Row) -> None:
        """As `defer`, but written with the COMMIT and not before, so that one statement takes all its locks in one
        order.

        Queries before the commit don't see it. Outside a transaction it is written with the rest.
        """
        self._last.setdefault(statement, []).append(row)

    async def flush(self) -> None:
        """Write what is pending in one trip, statements in the order of their first deferred row."""
        async with self.pipeline() if len(self._pending) > 1 else nullcontext():
            await self.send_pending()

    async def flush_all(self) -> None:
        """As `flush`, and also what waits for the commit, where there will be none."""
        async with self.pipeline() if len(self._pending) + len(self._last) > 1 else nullcontext():
            await self._send_all()

    async def send_pending(self) -> None:
        """As `flush`, within a pipeline that the caller closes."""
        pending, self._pending = self._pending, {}
        for statement, rows in pending.items():
            await self.execute(statement, {"rows": as_json(list(rows.values()))})

    async def _send_all(self) -> None:
        await self.send_pending()
        last, self._last = self._last, {}
        for statement, rows in last.items():
            await self.execute(statement, {"rows": as_json(rows)})

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    def drop_pending(self) -> None:
        self._pending = {}

    def reset_pending(self) -> None:
        """Before the next user gets this connection: drop the last one's rows and queries."""
        self.drop_pending()
        self._last = {}
        self._at_commit = []

    def at_commit(
        self,
        statement: bytes,
        values: Mapping[str, Any],
        on_answer: Callable[[list[Row]], None],
        on_commit_unknown: Callable[[], None] = lambda: None,
    ) -> None:
        """Send this query with the COMMIT. When the transaction is rolled back first, neither callback is called."""
        self._at_commit.append(Question(statement, values, on_answer, on_commit_unknown))

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[AsyncPipeline]:
        """As the driver's, but raises the original error, not just that later statements were aborted."""
        try:
            async with super().pipeline() as pipeline:
                yield pipeline
        except PipelineAborted as aborted:
            raise reason_of(aborted) from None

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncIterator[AsyncTransaction]:
        """A transaction; deferred rows are written at its end, on the COMMIT's trip, or dropped on rollback."""
        is_outermost = self.pgconn.transaction_status == TransactionStatus.IDLE
        await (self.flush_all() if is_outermost else self.flush())
        before, last = len(self._at_commit), {statement: len(rows) for statement, rows in self._last.items()}
        try:
            async with (
                AsyncExitStack() as last_trip,
                super().transaction(savepoint_name, force_rollback) as transaction,
            ):
                try:
                    yield transaction
                    if is_outermost:
                        await last_trip.enter_async_context(self._last_trip())
                    else:
                        await self.flush()
                finally:
                    self.drop_pending()
        except BaseException:
            del self._at_commit[before:]
            self._last = {statement: self._last[statement][:count] for statement, count in last.items()}
            # The driver learns of an error on the last trip only after it has marked the transaction as committed.
            if is_outermost and self.pgconn.transaction_status == TransactionStatus.INERROR:
                await self.rollback()
            raise

    @asynccontextmanager
    async def _last_trip(self) -> AsyncIterator[None]:
        """The COMMIT is sent within the block, together with pending rows and the final queries."""
        questions, self._at_commit = self._at_commit, []
        if not (self._pending or self._last or questions):
            yield
            return
        try:
            async with self.pipeline():
                await self._send_all()
                asked = [await self.execute(one.statement, one.values) for one in questions]
                yield
        except BaseException:
            for one in questions:
                one.on_commit_unknown()
            raise
        for one, cursor in zip(questions, asked, strict=True):
            one.on_answer(await cursor.fetchall())


def reason_of(aborted: Error) -> Error:
    """The original error: when answers come in pieces, the driver may raise PipelineAborted with it as the context."""
    found: BaseException | None = aborted
    while isinstance(found, PipelineAborted):
        found = found.__context__
    return found if isinstance(found, Error) else aborted
