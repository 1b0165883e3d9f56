"""Incidents that are watched after their end, as it is kept: a timer is the row's due time."""

from dataclasses import dataclass
from datetime import datetime

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Watch:
    """`ended_at`: the end of the incident that is watched; `due_at`: when its watch is over, as decided at `set_at`."""

    incident_id: int
    ended_at: datetime
    set_at: datetime
    due_at: datetime


async def get(conn: Connection, incident_id: int) -> Watch | None:
    """None: it is not watched."""
    row = await SQL.one(conn, "get", incident_id=incident_id)
    return Watch(**row) if row else None


async def begin(conn: Connection, watch: Watch) -> None:
    await SQL.run(conn, "begin", **vars(watch))


async def end(conn: Connection, incident_id: int) -> None:
    await SQL.run(conn, "end", incident_id=incident_id)


async def due(conn: Connection, now: datetime, limit: int) -> list[int]:
    """The incidents that have to be looked at; nothing is claimed: whoever locks the incident first looks."""
    return [row["incident_id"] for row in await SQL.all(conn, "due", now=now, limit=limit)]


async def push_ahead(conn: Connection, incident_id: int, *, now: datetime, until: datetime) -> None:
    await SQL.run(conn, "push_ahead", incident_id=incident_id, now=now, until=until)


def due_rows() -> DueRows:
    return DueRows(SQL)
