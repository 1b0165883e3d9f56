"""Who had each schedule at the last look, as it is kept: a timer is the row's due time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Handover:
    """A schedule that may have changed hands at `due_at`, or of whose next shift somebody is told then; `person` had it
    before."""

    schedule: str
    person: str
    due_at: datetime


async def watch(conn: Connection, schedule: str, *, person: str, now: datetime) -> None:
    """Keep an eye on it, from now on; `person` has it, if it was not watched before. Its runbook may have changed, and
    somebody may have to be told of the next shift by now."""
    await SQL.run(conn, "watch", schedule=schedule, person=person, now=now)


async def forget_others(conn: Connection, schedules: Iterable[str]) -> None:
    await SQL.run(conn, "forget_others", schedules=list(schedules))


async def claim_due(conn: Connection, schedules: Iterable[str], now: datetime) -> list[Handover]:
    """Held until this transaction ends; somebody else's are passed over."""
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
    """It changes hands then, or sooner."""
    await SQL.run(conn, "look_at", schedule=schedule, instant=instant)


def due_rows(schedules: Iterable[str]) -> DueRows:
    return DueRows(SQL, {"schedules": list(schedules)})
