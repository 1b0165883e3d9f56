"""Jobs that must send heartbeats; each row's due time is a timer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class MissedHeartbeat:
    """A job that has been silent for too long; `last_at` None = it was never heard of."""

    name: str
    last_at: datetime | None
    watched_since: datetime


async def watch(conn: Connection, name: str, patience: timedelta, now: datetime) -> None:
    """Expect a heartbeat within the patience; a job already watched gets no extra time."""
    await SQL.run(conn, "watch", name=name, patience=patience, now=now)


async def forget_others(conn: Connection, names: Iterable[str]) -> None:
    await SQL.run(conn, "forget_others", names=list(names))


async def beat(conn: Connection, name: str, patience: timedelta, now: datetime) -> None:
    await SQL.run(conn, "beat", name=name, patience=patience, now=now)


async def claim_silent(conn: Connection, now: datetime) -> list[MissedHeartbeat]:
    return [MissedHeartbeat(**row) for row in await SQL.all(conn, "claim_silent", now=now)]


def due_rows() -> DueRows:
    return DueRows(SQL)
