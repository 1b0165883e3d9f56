"""The weekly clean-up report: when the next is due, and what it will say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Tidied:
    """For one database: how many backups were deleted and the bytes that freed, how many good ones are left and their
    bytes; `oldest_at` and `newest_at` of those, None = there is none."""

    name: str
    deleted: int
    freed: int
    left: int
    size: int
    oldest_at: datetime | None
    newest_at: datetime | None


async def claim(conn: Connection, now: datetime, first_due_at: datetime) -> datetime | None:
    """The start of the due report's period, locked for this transaction; None = none due, or another process has it."""
    await SQL.run(conn, "plan", now=now, due_at=first_due_at)
    row = await SQL.one(conn, "claim", now=now)
    return row["since"] if row else None


async def postpone(conn: Connection, due_at: datetime) -> None:
    await SQL.run(conn, "postpone", due_at=due_at)


async def begin_next(conn: Connection, *, since: datetime, due_at: datetime) -> None:
    await SQL.run(conn, "begin_next", since=since, due_at=due_at)


async def next_due(conn: Connection) -> datetime | None:
    row = await SQL.one(conn, "next_due")
    return row["due_at"] if row else None


async def tidied(conn: Connection, names: Sequence[str], since: datetime, now: datetime) -> list[Tidied]:
    """One for each database, in the order given."""
    rows = {
        row["name"]: Tidied(**row) for row in await SQL.all(conn, "tidied", names=list(names), since=since, now=now)
    }
    return [rows[name] for name in names]
