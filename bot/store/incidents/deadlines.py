"""The table of deadlines; each row's due time is a timer."""

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
    """Replaces an earlier one of its kind."""
    await SQL.run(conn, "save", **asdict(deadline))


async def end(conn: Connection, incident_id: int, kinds: Sequence[DeadlineKind], now: datetime) -> None:
    """Record whether these were met, before newer ones replace them."""
    await SQL.run(conn, "end", incident_id=incident_id, kinds=list(kinds), now=now)


async def ended(conn: Connection, incident_id: int) -> list[Promise]:
    """Those replaced by newer ones, oldest first."""
    return [Promise(**row) for row in await SQL.all(conn, "ended", incident_id=incident_id)]


async def forget(conn: Connection, incident_id: int, kind: DeadlineKind) -> None:
    await SQL.run(conn, "forget", incident_id=incident_id, kind=kind)


async def is_said_by_paging(
    conn: Connection, incident_id: int, *, by: datetime, until: datetime, now: datetime
) -> bool:
    """Does the room already read, from a step of the ladder between `by` and `until`, that nobody acknowledged?"""
    row = await SQL.the(
        conn, "is_said_by_paging", incident_id=incident_id, actor=TOCSIN.name, by=by, until=until, now=now
    )
    return bool(row["is_said"])
