"""Who had each schedule at the last look, as it is kept: a timer is the row's due time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Handover:
    """A schedule that may have changed hands at `due_at`; `person` had it before."""

    schedule: str
    person: str
    due_at: datetime


async def watch(conn: Connection, schedule: str, *, person: str, due_at: datetime, now: datetime) -> None:
    """Keep an eye on it. One that is watched already is looked at now: its runbook may have changed."""
    await SQL.run(conn, "watch", schedule=schedule, person=person, due_at=due_at, now=now)


async def forget_others(conn: Connection, schedules: Iterable[str]) -> None:
    await SQL.run(conn, "forget_others", schedules=list(schedules))


async def claim_due(conn: Connection, schedules: Iterable[str], now: datetime) -> list[Handover]:
    """Held until this transaction ends; somebody else's are passed over."""
    return [Handover(**row) for row in await SQL.all(conn, "claim_due", schedules=list(schedules), now=now)]


async def save(conn: Connection, handover: Handover) -> None:
    await SQL.run(conn, "save", schedule=handover.schedule, person=handover.person, due_at=handover.due_at)


async def look_at(conn: Connection, schedule: str, instant: datetime) -> None:
    """It changes hands then, or sooner."""
    await SQL.run(conn, "look_at", schedule=schedule, instant=instant)


async def next_due(conn: Connection, schedules: Iterable[str]) -> datetime | None:
    due_at: datetime | None = (await SQL.the(conn, "next_due", schedules=list(schedules)))["due_at"]
    return due_at
