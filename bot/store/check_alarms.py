"""The alarms that checks have raised: at most one of each check is open."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.check import Finding, State
from bot.domain.errors import NotFound
from bot.store.queries import Connection, Queries, Row

SQL = Queries(__file__)


@dataclass(frozen=True)
class Alarm:
    """`since` is when the looks began that opened it; `closed_at` None: the check is still ill."""

    id: int
    check_name: str
    state: State
    since: datetime
    value: str
    reason: str
    opened_at: datetime
    closed_at: datetime | None
    acknowledged_by: str | None
    incident_id: int | None


async def lock_open(conn: Connection, check: str) -> Alarm | None:
    """The check's open alarm, held for this transaction."""
    row = await SQL.one(conn, "open", check=check)
    return Alarm(**row) if row else None


async def begin(
    conn: Connection, check: str, state: State, finding: Finding, *, since: datetime, now: datetime
) -> Alarm:
    values = {"state": state, "value": finding.value, "reason": finding.reason}
    return Alarm(**await SQL.the(conn, "raise", check=check, **values, since=since, now=now))


async def get(conn: Connection, alarm_id: int) -> Alarm:
    return _found(await SQL.one(conn, "by_id", id=alarm_id))


async def lock(conn: Connection, alarm_id: int) -> Alarm:
    """Held for this transaction; raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=alarm_id))


async def change(conn: Connection, alarm_id: int, state: State, finding: Finding) -> None:
    await SQL.run(conn, "change", id=alarm_id, state=state, value=finding.value, reason=finding.reason)


async def close(conn: Connection, alarm_id: int, now: datetime) -> None:
    await SQL.run(conn, "close", id=alarm_id, now=now)


async def acknowledge(conn: Connection, alarm_id: int, who: str) -> None:
    await SQL.run(conn, "acknowledge", id=alarm_id, who=who)


async def attach(conn: Connection, alarm_id: int, incident_id: int) -> None:
    await SQL.run(conn, "attach", id=alarm_id, incident_id=incident_id)


def _found(row: Row | None) -> Alarm:
    if row is None:
        raise NotFound("This alarm is gone. `/health` shows how the checks stand.")
    return Alarm(**row)
