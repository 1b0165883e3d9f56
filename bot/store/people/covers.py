"""The table of covers: who covers a schedule when."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.people.schedule import Cover
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def insert(
    conn: Connection, *, schedule: str, person: str, begins: datetime, ends: datetime, made_by: str, now: datetime
) -> Cover:
    values = {"schedule": schedule, "person": person, "begins": begins, "ends": ends, "made_by": made_by}
    return Cover(**await SQL.the(conn, "insert", **values, now=now))


async def ending_after(conn: Connection, since: datetime) -> list[Cover]:
    """In the order they were made, without those ended before they began."""
    return [Cover(**row) for row in await SQL.all(conn, "ending_after", since=since)]


async def end(conn: Connection, ended: Sequence[Cover], *, ended_by: str, now: datetime) -> list[Cover]:
    """End these now; returns those current or still to come, as they were before."""
    ids = [cover.id for cover in ended]
    return [Cover(**row) for row in await SQL.all(conn, "end", ids=ids, ended_by=ended_by, now=now)]
