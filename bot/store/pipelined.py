"""The connection to PostgreSQL that saves round trips: rows are deferred, and the commit's trip carries what is left.

A transaction of a deed, as the network sees it; `>` is a trip of the connection, `|` waits for its answer:

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

When the last trip was sent and its answer did not come, the outcome of the COMMIT is unknown, and `on_commit_unknown`
is called instead of `on_answer`.
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
    """What is asked on the trip of the commit, and who is told: the answer, or that the COMMIT's outcome is unknown."""

    statement: bytes
    values: Mapping[str, Any]
    on_answer: Callable[[list[Row]], None]
    on_commit_unknown: Callable[[], None]


class Connection(AsyncConnection[Row]):
    """A connection with pending writes: rows that only have to be there at the commit are written together.

    A statement costs more than the rows it writes. Whatever else is asked on this connection finds them written, so
    nobody can tell the difference, except by an error in such a row, which is raised by the trip that carries it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pending: dict[bytes, dict[object, Row]] = {}
        self._last: dict[bytes, list[Row]] = {}
        self._at_commit: list[Question] = []

    async def defer(self, statement: bytes, row: Row, *, once: object = None) -> None:
        """`statement` takes many as `%(rows)s`. `once`: one statement may not write two rows of this name, so the
        first is flushed before."""
        if once is not None and once in self._pending.get(statement, {}):
            await self.flush()
        rows = self._pending.setdefault(statement, {})
        rows[len(rows) if once is None else once] = row

    def defer_to_commit(self, statement: bytes, row: Row) -> None:
        """As `defer`, but written with the commit and never before, so that one statement takes its locks in one order.

        Whatever is asked before finds it not written. Outside of a transaction it is written with the rest.
        """
        self._last.setdefault(statement, []).append(row)

    async def flush(self) -> None:
        """Write what is pending, in the order in which the first row of each statement was deferred, in one trip."""
        async with self.pipeline() if len(self._pending) > 1 else nullcontext():
            await self.send_pending()

    async def flush_all(self) -> None:
        """And what waits for the commit, where none will come."""
        async with self.pipeline() if len(self._pending) + len(self._last) > 1 else nullcontext():
            await self._send_all()

    async def send_pending(self) -> None:
        """As `flush`, within a pipeline that the caller ends."""
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
        """For whoever is lent it next: neither rows nor questions of the one before."""
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
        """Ask this on the trip of the COMMIT. Neither is called when the transaction is rolled back before."""
        self._at_commit.append(Question(statement, values, on_answer, on_commit_unknown))

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[AsyncPipeline]:
        """Raises what went wrong, and not only that what was sent behind it was not done."""
        try:
            async with super().pipeline() as pipeline:
                yield pipeline
        except PipelineAborted as aborted:
            raise reason_of(aborted) from None

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncIterator[AsyncTransaction]:
        """What was deferred within it is written at its end, on the trip of the COMMIT, or dropped by a rollback."""
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
            # Of an error on the last trip the driver learns only after it has noted the transaction as committed.
            if is_outermost and self.pgconn.transaction_status == TransactionStatus.INERROR:
                await self.rollback()
            raise

    @asynccontextmanager
    async def _last_trip(self) -> AsyncIterator[None]:
        """The COMMIT is sent within the block, together with what is pending and the last questions."""
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
    """When answers come in pieces, the driver may raise that the pipeline was aborted, the error as its context."""
    found: BaseException | None = aborted
    while isinstance(found, PipelineAborted):
        found = found.__context__
    return found if isinstance(found, Error) else aborted
