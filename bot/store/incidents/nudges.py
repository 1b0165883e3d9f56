"""The table of nudges, questions that rooms of open incidents may have to be asked; each row's due time is a timer."""

from dataclasses import asdict

from bot.domain.incidents.nudge import Nudge, NudgeKind
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def of_incident(conn: Connection, incident_id: int) -> dict[NudgeKind, Nudge]:
    return {row["kind"]: Nudge(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)}


async def save(conn: Connection, nudge: Nudge) -> None:
    """Write it with the commit, replacing an earlier one of its kind."""
    await SQL.defer(conn, "save", once=(nudge.incident_id, nudge.kind), **asdict(nudge))


async def forget(conn: Connection, incident_id: int, kind: NudgeKind) -> None:
    await SQL.run(conn, "forget", incident_id=incident_id, kind=kind)


async def forget_all(conn: Connection, incident_id: int) -> None:
    await SQL.run(conn, "forget_all", incident_id=incident_id)
