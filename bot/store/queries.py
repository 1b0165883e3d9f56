"""The named statements of the .sql file beside a store module."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from psycopg import AsyncCursor

from bot.store.pipelined import Connection
from bot.store.rows import Row, as_json

NAME_MARK = "-- name: "
# Rows made of what the server sent without a pause: a few milliseconds.
AT_A_TIME = 250


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

    async def defer(self, conn: Connection, name: str, /, once: object = None, **row: Any) -> None:
        """Write this row with others at the latest by the commit, by a statement for many; see Connection.defer."""
        await conn.defer(self._text(name), row, once=once)

    def defer_to_commit(self, conn: Connection, name: str, /, **row: Any) -> None:
        """Write this row with the commit, by a statement for many; see Connection.defer_to_commit."""
        conn.defer_to_commit(self._text(name), row)

    def at_commit(
        self,
        conn: Connection,
        name: str,
        on_answer: Callable[[list[Row]], None],
        on_commit_unknown: Callable[[], None] = lambda: None,
        /,
        **values: Any,
    ) -> None:
        """Ask this on the trip of the commit; see Connection.at_commit."""
        conn.at_commit(self._text(name), values, on_answer, on_commit_unknown)

    async def ask(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        """As it stands, whatever is pending."""
        return await conn.execute(self._text(name), values)

    async def _execute(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        """With whatever is pending, in one trip."""
        async with conn.pipeline() if conn.has_pending else nullcontext():
            await conn.send_pending()
            return await self.ask(conn, name, values)

    def _text(self, name: str) -> bytes:
        return self.statements[name].encode()


async def ask_all(conn: Connection, *asked: tuple[Queries, str, Mapping[str, Any]]) -> list[list[Row]]:
    """Several questions in one trip to the database, with whatever is pending; the answers in their order."""
    return [await cursor.fetchall() for cursor in await answers_of(conn, *asked)]


async def answers_of(conn: Connection, *asked: tuple[Queries, str, Mapping[str, Any]]) -> list[AsyncCursor[Row]]:
    """As `ask_all`, none of them read yet."""
    async with conn.pipeline():
        await conn.send_pending()
        # Read not before its end: to ask for an answer within the pipeline is a trip of its own.
        return [await queries.ask(conn, name, values) for queries, name, values in asked]


async def each_of(answer: AsyncCursor[Row]) -> AsyncIterator[Row]:
    """What may be thousands: the loop turns in between."""
    while rows := await answer.fetchmany(AT_A_TIME):
        for row in rows:
            yield row
        await asyncio.sleep(0)
