"""What was promised about the time of each incident, as it is kept: a timer is the row's due time."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from bot.domain.actor import TOCSIN
from bot.domain.incidents.deadline import Deadline, DeadlineKind, Promise
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def of_incident(conn: Connection, incident_id: int) -> dict[DeadlineKind, Deadline]:
    rows = await SQL.all(conn, "of_incident", incident_id=incident_id)
    return {row["kind"]: Deadline(**row) for row in rows}


async def save(conn: Connection, deadline: Deadline) -> None:
    """In the place of an earlier one of its kind."""
    await SQL.run(conn, "save", **asdict(deadline))


async def end(conn: Connection, incident_id: int, kinds: Sequence[DeadlineKind], now: datetime) -> None:
    """Keep whether these were kept, before newer ones take their place."""
    await SQL.run(conn, "end", incident_id=incident_id, kinds=list(kinds), now=now)


async def ended(conn: Connection, incident_id: int) -> list[Promise]:
    """Those that newer ones have taken the place of, oldest first."""
    return [Promise(**row) for row in await SQL.all(conn, "ended", incident_id=incident_id)]


async def forget(conn: Connection, incident_id: int, kind: DeadlineKind) -> None:
    await SQL.run(conn, "forget", incident_id=incident_id, kind=kind)


async def is_said_by_paging(
    conn: Connection, incident_id: int, *, by: datetime, until: datetime, now: datetime
) -> bool:
    """Whether the room reads of the next tier, between `by` and `until`, that nobody acknowledged."""
    row = await SQL.the(
        conn, "is_said_by_paging", incident_id=incident_id, actor=TOCSIN.name, by=by, until=until, now=now
    )
    return bool(row["is_said"])
