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
# How many rows to convert without yielding to the event loop: a few milliseconds' worth.
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
        """Returns how many rows were changed."""
        return (await self._execute(conn, name, values)).rowcount

    async def rows(self, conn: Connection, name: str, rows: list[Row], /, **values: Any) -> list[Row]:
        """Run a statement that takes many rows as `%(rows)s`; returns what it returns for them."""
        return await self.all(conn, name, rows=as_json(rows), **values) if rows else []

    async def defer(self, conn: Connection, name: str, /, once: object = None, **row: Any) -> None:
        """Write this row with others, by the commit at the latest, by a statement for many; see Connection.defer."""
        await conn.defer(self._text(name), row, once=once)

    def defer_to_commit(self, conn: Connection, name: str, /, **row: Any) -> None:
        """Write this row with the COMMIT, by a statement for many; see Connection.defer_to_commit."""
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
        """Send this query with the COMMIT; see Connection.at_commit."""
        conn.at_commit(self._text(name), values, on_answer, on_commit_unknown)

    async def ask(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        """Run it without flushing what is pending."""
        return await conn.execute(self._text(name), values)

    async def _execute(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        """Run it together with what is pending, in one trip."""
        async with conn.pipeline() if conn.has_pending else nullcontext():
            await conn.send_pending()
            return await self.ask(conn, name, values)

    def _text(self, name: str) -> bytes:
        return self.statements[name].encode()


async def ask_all(conn: Connection, *asked: tuple[Queries, str, Mapping[str, Any]]) -> list[list[Row]]:
    """Run several queries, and what is pending, in one round trip; returns their answers in order."""
    return [await cursor.fetchall() for cursor in await answers_of(conn, *asked)]


async def answers_of(conn: Connection, *asked: tuple[Queries, str, Mapping[str, Any]]) -> list[AsyncCursor[Row]]:
    """As `ask_all`, but the answers are not fetched yet."""
    async with conn.pipeline():
        await conn.send_pending()
        # Fetch only after the pipeline has closed: fetching within it would cost an extra round trip.
        return [await queries.ask(conn, name, values) for queries, name, values in asked]


async def each_of(answer: AsyncCursor[Row]) -> AsyncIterator[Row]:
    """The rows of an answer that may have thousands; yields to the event loop in between."""
    while rows := await answer.fetchmany(AT_A_TIME):
        for row in rows:
            yield row
        await asyncio.sleep(0)
