"""Data breaches, as they are kept: a timer is the row's due time."""

from datetime import datetime

from bot.domain.incidents.breach import Breach
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def get(conn: Connection, incident_id: int) -> Breach | None:
    """None: the incident is none."""
    row = await SQL.one(conn, "get", incident_id=incident_id)
    return Breach(**row) if row else None


async def save(conn: Connection, breach: Breach) -> None:
    await SQL.run(conn, "save", **vars(breach))


async def due(conn: Connection, now: datetime, limit: int) -> list[int]:
    """The incidents that have to be looked at; nothing is claimed: whoever locks the incident first looks."""
    return [row["incident_id"] for row in await SQL.all(conn, "due", now=now, limit=limit)]


async def push_ahead(conn: Connection, incident_id: int, *, now: datetime, until: datetime) -> None:
    await SQL.run(conn, "push_ahead", incident_id=incident_id, now=now, until=until)


def due_rows() -> DueRows:
    return DueRows(SQL)
