"""Who covers a schedule when, as it is kept."""

from datetime import datetime

from bot.domain.schedule import Cover
from bot.store.queries import Connection, Queries

SQL = Queries(__file__)


async def insert(
    conn: Connection, *, schedule: str, person: str, begins: datetime, ends: datetime, made_by: str, now: datetime
) -> Cover:
    values = {"schedule": schedule, "person": person, "begins": begins, "ends": ends, "made_by": made_by}
    return Cover(**await SQL.the(conn, "insert", **values, now=now))


async def ending_after(conn: Connection, since: datetime) -> list[Cover]:
    """In the order they were made. One that was ended before it began never held, and is left out."""
    return [Cover(**row) for row in await SQL.all(conn, "ending_after", since=since)]


async def end(conn: Connection, schedule: str, *, ended_by: str, now: datetime) -> list[Cover]:
    """Every cover of this schedule that holds or was to come, as it was before; none of them holds from now on."""
    return [Cover(**row) for row in await SQL.all(conn, "end", schedule=schedule, ended_by=ended_by, now=now)]
