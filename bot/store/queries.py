"""The named statements of the .sql file beside a store module."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, AsyncCursor

Row = dict[str, Any]
Connection = AsyncConnection[Row]

NAME_MARK = "-- name: "


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

    async def _execute(self, conn: Connection, name: str, values: Mapping[str, Any]) -> AsyncCursor[Row]:
        return await conn.execute(self.statements[name].encode(), values)
