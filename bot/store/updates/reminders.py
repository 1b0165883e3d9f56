"""Promised updates; each row's due time is a timer."""

from dataclasses import asdict
from datetime import datetime

from bot.domain.updates.cadence import Promise
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def of_incident(conn: Connection, incident_id: int) -> list[Promise]:
    return [Promise(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]


async def save(conn: Connection, promise: Promise, now: datetime) -> None:
    """Write it with the commit, replacing an earlier one for the same audience; its `due_at` was decided now."""
    await SQL.defer(conn, "save", once=(promise.incident_id, promise.audience), **asdict(promise), set_at=now)


async def put_off(conn: Connection, incident_id: int, audience: str, until: datetime, now: datetime) -> bool:
    """False when nothing is promised to this audience any more."""
    return await SQL.run(conn, "put_off", incident_id=incident_id, audience=audience, until=until, now=now) > 0


async def forget(conn: Connection, incident_id: int, audience: str) -> None:
    await SQL.run(conn, "forget", incident_id=incident_id, audience=audience)


async def last_words(conn: Connection, incident_id: int, audience: str) -> tuple[str, datetime] | None:
    """The last text that reached this audience, and when it was sent; None: nothing has."""
    row = await SQL.one(conn, "last_words", incident_id=incident_id, audience=audience)
    return (row["text"], row["at"]) if row else None
