"""When the next row is due: asked for one table, or for any number of tables in one statement."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.queries import Queries

PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class DueRows:
    """A named statement that returns when the next row is due: one column, at most one row. NULL or no row: none is."""

    queries: Queries
    values: Mapping[str, Any] = field(default_factory=dict)
    statement: str = "next_due"

    @property
    def text(self) -> str:
        return self.queries.statements[self.statement].removesuffix(";")

    async def soonest(self, conn: Connection) -> datetime | None:
        row = await self.queries.one(conn, self.statement, **self.values)
        return row["due_at"] if row else None


class IncidentRows:
    """Rows that belong to incidents, through their module's statements `due`, `push_ahead` and `next_due`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def due(self, conn: Connection, now: datetime, limit: int) -> list[int]:
        """Incidents that have to be looked at. Nothing is claimed: whoever locks the incident first does the work."""
        return [row["incident_id"] for row in await self._queries.all(conn, "due", now=now, limit=limit)]

    async def push_ahead(self, conn: Connection, incident_id: int, *, now: datetime, until: datetime) -> None:
        await self._queries.run(conn, "push_ahead", incident_id=incident_id, now=now, until=until)

    def due_rows(self) -> DueRows:
        return DueRows(self._queries)


class DueByRows(ABC):
    """A service with such rows, due whenever one of them is."""

    _db: Database

    @property
    @abstractmethod
    def due_rows(self) -> DueRows: ...

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await self.due_rows.soonest(conn)


async def soonest_of_each(conn: Connection, asked: Mapping[str, DueRows]) -> dict[str, datetime | None]:
    """The next due time of each, in one statement: three dozen separate ones take ten times as long."""
    rows = list(asked.values())
    values = {f"q{number}_{name}": value for number, one in enumerate(rows) for name, value in one.values.items()}
    cursor = await conn.execute(_together([one.text for one in rows]), values)
    row = await cursor.fetchone() or {}
    return {name: row[f"q{number}"] for number, name in enumerate(asked)}


def _together(texts: Sequence[str]) -> bytes:
    return _joined(tuple(texts))


@cache
def _joined(texts: tuple[str, ...]) -> bytes:
    """Each with its own parameters, in parentheses that close on a new line in case the text ends with a comment."""
    own = (PARAMETER.sub(rf"%(q{number}_\1)s", text) for number, text in enumerate(texts))
    return ("SELECT " + ", ".join(f"(\n{text}\n) AS q{number}" for number, text in enumerate(own))).encode()
