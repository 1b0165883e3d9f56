"""The table of watches over resolved incidents; each row's due time is a timer."""

from dataclasses import dataclass
from datetime import datetime

from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


@dataclass(frozen=True)
class Watch:
    """`ended_at`: the resolution that is watched; `due_at`: when the watch ends, as decided at `set_at`."""

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
