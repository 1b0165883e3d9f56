"""Requests for somebody to cover a schedule."""

from dataclasses import dataclass
from datetime import datetime

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class CoverRequest:
    """`taken_by` None: nobody has taken it; `withdrawn_by`: who said that it is no longer needed."""

    id: int
    schedule: str
    begins: datetime
    ends: datetime
    asked_by: str
    taken_by: str | None
    taken_at: datetime | None
    withdrawn_by: str | None = None

    def is_open(self, now: datetime) -> bool:
        return self.taken_by is None and self.withdrawn_by is None and now < self.ends


async def insert(
    conn: Connection, *, schedule: str, begins: datetime, ends: datetime, asked_by: str, now: datetime
) -> CoverRequest:
    values = {"schedule": schedule, "begins": begins, "ends": ends, "asked_by": asked_by}
    return CoverRequest(**await SQL.the(conn, "insert", **values, now=now))


async def get(conn: Connection, number: int) -> CoverRequest | None:
    row = await SQL.one(conn, "get", id=number)
    return CoverRequest(**row) if row else None


async def lock(conn: Connection, number: int) -> CoverRequest | None:
    """Locked: of two people who take it, the second finds it taken."""
    row = await SQL.one(conn, "lock", id=number)
    return CoverRequest(**row) if row else None


async def take(conn: Connection, number: int, person: str, now: datetime) -> CoverRequest:
    """Take what is left of it."""
    return CoverRequest(**await SQL.the(conn, "take", id=number, person=person, now=now))


async def withdraw(conn: Connection, number: int, person: str) -> CoverRequest:
    return CoverRequest(**await SQL.the(conn, "withdraw", id=number, person=person))


async def end_due(conn: Connection, now: datetime) -> list[int]:
    """End expired ones; returns each only once."""
    return [row["id"] for row in await SQL.all(conn, "end_due", now=now)]


def due_rows() -> DueRows:
    return DueRows(SQL)
