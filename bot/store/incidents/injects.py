"""The injects of a drill's scenario, told to its participants; each row's due time is a timer."""

from dataclasses import dataclass
from datetime import datetime

from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


@dataclass(frozen=True)
class Inject:
    """`set_at`: when the drill began. `due_at` None: it was told at `came_at`, or never will be."""

    incident_id: int
    number: int
    kind: str
    text: str
    set_at: datetime
    due_at: datetime | None
    came_at: datetime | None = None


async def of_incident(conn: Connection, incident_id: int) -> list[Inject]:
    """In the order of their times."""
    return [Inject(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]


async def add(conn: Connection, inject: Inject) -> None:
    """Does nothing if it exists."""
    await SQL.run(conn, "add", **vars(inject))


async def came(conn: Connection, inject: Inject, now: datetime) -> None:
    await SQL.run(conn, "came", incident_id=inject.incident_id, number=inject.number, now=now)


async def stop(conn: Connection, incident_id: int) -> None:
    """Cancel those not told yet."""
    await SQL.run(conn, "stop", incident_id=incident_id)
