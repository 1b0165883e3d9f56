"""The named statements of the .sql file beside a store module, and the connection they run on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus
from psycopg.transaction import AsyncTransaction
from psycopg.types.json import Jsonb

Row = dict[str, Any]

NAME_MARK = "-- name: "
# Rows made of what the server sent without a pause: a few milliseconds.
AT_A_TIME = 250


@dataclass(frozen=True)
class Last:
    """What is asked with a commit, and who is told: the answer, or that nobody knows whether all is committed."""

    queries: "Queries"
    name: str
    values: Mapping[str, Any]
    follow: Callable[[list[Row]], None]
    unheard: Callable[[], None]


class Connection(AsyncConnection[Row]):
    """A connection with a pad: rows that only have to be there at the commit are noted, and written together.

    A statement costs more than the rows it writes. Whatever else is asked on this connection finds them written, so
    nobody can tell the difference, except by a mistake in such a row, which is met later.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pad: dict[tuple[Queries, str], dict[object, Row]] = {}
        self._at_commit: list[Last] = []

    async def note(self, queries: "Queries", name: str, row: Row, *, once: object = None) -> None:
        """`once`: of the rows for this statement, no two that are called so may be written by one of it."""
        if once is not None and once in self._pad.get((queries, name), {}):
            await self.write_noted()
        rows = self._pad.setdefault((queries, name), {})
        rows[len(rows) if once is None else once] = row

    async def write_noted(self) -> None:
        """In the order in which the first row for each statement was noted, in one trip."""
        async with self.pipeline() if len(self._pad) > 1 else nullcontext():
            await self.send_noted()

    async def send_noted(self) -> None:
        """As `write_noted`, within a pipeline that somebody else ends."""
        pad, self._pad = self._pad, {}
        for (queries, name), rows in pad.items():
            await queries.ask(self, name, {"rows": as_json(list(rows.values()))})

    @property
    def has_noted(self) -> bool:
        return bool(self._pad)

    def forget_noted(self) -> None:
        self._pad = {}

    def forget_everything(self) -> None:
        self.forget_noted()
        self._at_commit = []

    def at_commit(
        self,
        queries: "Queries",
        name: str,
        follow: Callable[[list[Row]], None],
        *,
        unheard: Callable[[], None] = lambda: None,
        **values: Any,
    ) -> None:
        """Have this asked in one trip with the commit of the transaction that is under way.

        `follow` is given the answer once all is committed. When that trip was begun and its answer did not come,
        `unheard` is called: all may be committed, or nothing. Neither is called when all is undone before.
        """
        self._at_commit.append(Last(queries, name, values, follow, unheard))

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncIterator[AsyncTransaction]:
        """What was noted within it is written at its end, in one trip with the commit, or undone with it."""
        await self.write_noted()
        before = len(self._at_commit)
        is_outermost = self.pgconn.transaction_status == TransactionStatus.IDLE
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
                        await self.write_noted()
                finally:
                    self.forget_noted()
        except BaseException:
            del self._at_commit[before:]
            # Of a mistake that is met on the last trip the driver learns when it has said that all is committed.
            if is_outermost and self.pgconn.transaction_status == TransactionStatus.INERROR:
                await self.rollback()
            raise

    @asynccontextmanager
    async def _last_trip(self) -> AsyncIterator[None]:
        """Whatever is done within the block goes with what is left to be written and asked, and its answers follow."""
        last, self._at_commit = self._at_commit, []
        if not (self._pad or last):
            yield
            return
        try:
            async with self.pipeline():
                await self.send_noted()
                asked = [await one.queries.ask(self, one.name, one.values) for one in last]
                yield
        except BaseException:
            for one in last:
                one.unheard()
            raise
        for one, cursor in zip(last, asked, strict=True):
            one.follow(await cursor.fetchall())


class Queries:
    """Runs statements by name; the file is read at the first use, not at import.

    A statement starts with `-- name: <name>` and takes its parameters as `%(parameter)s`.
    """

    def __init__(self, module_file: str) -> None:
        self.path = Path(module_file).with_suffix(".sql")

    @cached_property
    def statements(self) -> Mapping[str, str]:
        named: dict[str, str] = {}
        for part in self.path.read_text("utf-8").split(NAME_MARK)[1:]:
            name, _, statement = part.partition("\n")
            named[name.strip()] = statement.strip()
        return named

    async def all(self, conn: Connection, name: str, /, **values: Any) -> list[Row]:
        return await (await self._execute(conn, name, values)).fetchall()

    async def each(self, conn: Connection, name: str, /, **values: Any) -> AsyncIterator[Row]:
        """As `all`, for what may be thousands: the loop turns in between."""
        cursor = await self._execute(conn, name, values)
        while rows := await cursor.fetchmany(AT_A_TIME):
            for row in rows:
                yield row
            await asyncio.sleep(0)

    async def one(self, conn: Connection, name: str, /, **values: Any) -> Row | None:
        """The first row, or None when there is none."""
        return await (await self._execute(conn, name, values)).fetchone()

    async def the(self, conn: Connection, name: str, /, **values: Any) -> Row:
        """The one row this statement always returns."""
        row = await self.one(conn, name, **values)
        assert row is not None, f"{name} returned no row"
        return row

    async def run(self, conn: Connection, name: str, /, **values: Any) -> int:
        """How many rows were changed."""
        return (await self._execute(conn, name, values)).rowcount

    async def rows(self, conn: Connection, name: str, rows: list[Row], /, **values: Any) -> list[Row]:
        """What a statement for many, which takes them as `%(rows)s`, returns of each."""
        return await self.all(conn, name, rows=as_json(rows), **values) if rows else []

    async def later(self, conn: Connection, name: str, /, once: object = None, **row: Any) -> None:
        """Have this row written with others at the commit, by a statement for many; see Connection.note."""
        await conn.note(self, name, row, once=once)

    async def ask(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        """As it stands, whatever was noted."""
        return await conn.execute(self.statements[name].encode(), values)

    async def _execute(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        """With whatever was noted, in one trip."""
        async with conn.pipeline() if conn.has_noted else nullcontext():
            await conn.send_noted()
            return await self.ask(conn, name, values)


async def ask_all(conn: Connection, *asked: tuple[Queries, str, Mapping[str, Any]]) -> list[list[Row]]:
    """Several questions in one trip to the database, with whatever was noted; the answers in their order."""
    async with conn.pipeline():
        await conn.send_noted()
        cursors = [await queries.ask(conn, name, values) for queries, name, values in asked]
    # Not before its end: to ask for an answer within the pipeline is a trip of its own.
    return [await cursor.fetchall() for cursor in cursors]


def as_json(rows: list[Row]) -> Jsonb:
    """Rows as a statement for many takes them."""
    return Jsonb(rows, dumps=partial(json.dumps, default=_in_words))


def _in_words(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be noted")
