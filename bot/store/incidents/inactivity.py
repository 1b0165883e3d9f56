"""The timers of acknowledged incidents that are watched for inactivity."""

from dataclasses import asdict, dataclass
from datetime import datetime

from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


@dataclass(frozen=True)
class QuietTimer:
    """`asked_at`: when the room was asked for the state; None: it was not, or has answered."""

    incident_id: int
    asked_at: datetime | None
    due_at: datetime


async def of_incident(conn: Connection, incident_id: int) -> QuietTimer | None:
    row = await SQL.one(conn, "of_incident", incident_id=incident_id)
    return QuietTimer(**row) if row else None


async def save(conn: Connection, timer: QuietTimer) -> None:
    await SQL.run(conn, "save", **asdict(timer))


async def forget(conn: Connection, incident_id: int) -> None:
    await SQL.run(conn, "forget", incident_id=incident_id)


async def heard_at(conn: Connection, incident_id: int) -> datetime | None:
    """When a person last did something that is in its timeline; None: nobody has."""
    at: datetime | None = (await SQL.the(conn, "heard_at", incident_id=incident_id))["at"]
    return at
