"""Pages at night, and the timer of the next morning's look back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.domain.paging.nights import BEGINS, ENDS, Night
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class NightLook:
    """The morning looks: next at `due_at`, but skipping mornings up to `looked_until`; None: skip none."""

    due_at: datetime
    looked_until: datetime | None


async def watch(conn: Connection, due_at: datetime) -> None:
    """At start: look by then at the latest, even if a clock was ahead or the time zone has changed."""
    await SQL.run(conn, "watch", due_at=due_at)


async def claim_due(conn: Connection, now: datetime) -> NightLook | None:
    """Locks it for this transaction; None: no morning is due, or another process has it."""
    row = await SQL.one(conn, "claim_due", now=now)
    return NightLook(**row) if row else None


async def move(conn: Connection, due_at: datetime, *, now: datetime) -> None:
    """Everything up to `now` has been looked at."""
    await SQL.run(conn, "move", due_at=due_at, now=now)


def due_rows() -> DueRows:
    return DueRows(SQL)


async def between(conn: Connection, first: date, last: date, zone: ZoneInfo) -> Sequence[Night]:
    """Both nights included, by the date each began on; drills don't count."""
    values = {"first": first, "last": last, "zone": zone.key, "begins": BEGINS, "ends": ENDS}
    return [Night(**row) for row in await SQL.all(conn, "between", **values)]
