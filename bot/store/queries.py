"""The named statements of the .sql file beside a store module, and the connection they run on."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.transaction import AsyncTransaction
from psycopg.types.json import Jsonb

Row = dict[str, Any]

NAME_MARK = "-- name: "


class Connection(AsyncConnection[Row]):
    """A connection with a pad: rows that only have to be there at the commit are noted, and written together.

    A statement costs more than the rows it writes. Whatever else is asked on this connection finds them written, so
    nobody can tell the difference, except by a mistake in such a row, which is met later.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pad: dict[tuple[Queries, str], dict[object, Row]] = {}

    async def note(self, queries: "Queries", name: str, row: Row, *, once: object = None) -> None:
        """`once`: of the rows for this statement, no two that are called so may be written by one of it."""
        if once is not None and once in self._pad.get((queries, name), {}):
            await self.write_noted()
        rows = self._pad.setdefault((queries, name), {})
        rows[len(rows) if once is None else once] = row

    async def write_noted(self) -> None:
        """In the order in which the first row for each statement was noted, in one trip."""
        pad, self._pad = self._pad, {}
        async with self.pipeline() if len(pad) > 1 else nullcontext():
            for (queries, name), rows in pad.items():
                await queries.run(self, name, rows=_as_json(list(rows.values())))

    def forget_noted(self) -> None:
        self._pad = {}

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncIterator[AsyncTransaction]:
        """What was noted within it is written at its end, or undone with it."""
        await self.write_noted()
        async with super().transaction(savepoint_name, force_rollback) as transaction:
            try:
                yield transaction
                await self.write_noted()
            finally:
                self.forget_noted()


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
        return await self.all(conn, name, rows=_as_json(rows), **values) if rows else []

    async def later(self, conn: Connection, name: str, /, once: object = None, **row: Any) -> None:
        """Have this row written with others at the commit, by a statement for many; see Connection.note."""
        await conn.note(self, name, row, once=once)

    async def _execute(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        await conn.write_noted()
        return await conn.execute(self.statements[name].encode(), values)


async def ask_all(conn: Connection, *asked: tuple[Queries, str, Mapping[str, Any]]) -> list[list[Row]]:
    """Several questions in one trip to the database; the answers in their order."""
    await conn.write_noted()
    async with conn.pipeline():
        cursors = [await conn.execute(queries.statements[name].encode(), values) for queries, name, values in asked]
        return [await cursor.fetchall() for cursor in cursors]


def _as_json(rows: list[Row]) -> Jsonb:
    return Jsonb(rows, dumps=partial(json.dumps, default=_in_words))


def _in_words(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be noted")
