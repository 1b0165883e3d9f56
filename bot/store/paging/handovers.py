"""Who was on call in each schedule at the last look; each row's due time is a timer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Handover:
    """A schedule that may change hands at `due_at`, or whose next shift has to be announced then; `person` had it at
    the last look."""

    schedule: str
    person: str
    due_at: datetime


async def watch(conn: Connection, schedule: str, *, person: str, now: datetime) -> None:
    """Watch this schedule, starting now; `person` has it if it is new. Also looks at one already watched: the runbook
    may have changed, or somebody may have to be told of the next shift."""
    await SQL.run(conn, "watch", schedule=schedule, person=person, now=now)


async def forget_others(conn: Connection, schedules: Iterable[str]) -> None:
    await SQL.run(conn, "forget_others", schedules=list(schedules))


async def claim_due(conn: Connection, schedules: Iterable[str], now: datetime) -> list[Handover]:
    """Locks them for this transaction; skips those another process holds."""
    return [Handover(**row) for row in await SQL.all(conn, "claim_due", schedules=list(schedules), now=now)]


async def lock(conn: Connection, schedule: str) -> Handover | None:
    """None: no process watches it any more."""
    row = await SQL.one(conn, "lock", schedule=schedule)
    return Handover(**row) if row else None


async def save(conn: Connection, handover: Handover) -> None:
    await SQL.run(conn, "save", **vars(handover))


async def remind(conn: Connection, schedule: str, *, person: str, begins: datetime) -> bool:
    """False when this person has been told of this shift before."""
    return await SQL.one(conn, "remind", schedule=schedule, person=person, begins=begins) is not None


async def look_at(conn: Connection, schedule: str, instant: datetime) -> None:
    """Look again by `instant` at the latest: it changes hands then."""
    await SQL.run(conn, "look_at", schedule=schedule, instant=instant)


def due_rows(schedules: Iterable[str]) -> DueRows:
    return DueRows(SQL, {"schedules": list(schedules)})
