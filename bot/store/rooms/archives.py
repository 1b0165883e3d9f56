"""Rooms of resolved incidents to be archived; each row's due time is a timer."""

from datetime import datetime

from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def due_at(conn: Connection, incident_id: int) -> datetime | None:
    """None: it is not to be archived, or is being archived."""
    row = await SQL.one(conn, "due_at", incident_id=incident_id)
    return row["due_at"] if row else None


async def save(conn: Connection, incident_id: int, due_at: datetime, *, now: datetime) -> None:
    await SQL.run(conn, "save", incident_id=incident_id, due_at=due_at, now=now)


async def forget(conn: Connection, incident_id: int) -> None:
    await SQL.run(conn, "forget", incident_id=incident_id)


async def is_needed(conn: Connection, incident_id: int) -> bool:
    """Is a task, action, aftercare box, post-mortem or data breach report still open?"""
    return bool((await SQL.the(conn, "is_needed", incident_id=incident_id))["is_needed"])
