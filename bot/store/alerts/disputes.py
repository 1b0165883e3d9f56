"""Alerts in dispute: one member of a pair says that they have ended, the other that they fire."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydantic import TypeAdapter

from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.received import ReceivedAlert
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import as_json

SQL = Queries(__file__)


@dataclass(frozen=True)
class MemberReport:
    """What one delivery reports, as fingerprints. `told_by`: the member that sent it, None if unknown.

    `listed`: the source's own keys of the groups that it lists in full.
    """

    told_by: str | None
    firing: Collection[str]
    over: Collection[str]
    listed: Collection[str]

    @property
    def reported(self) -> list[str]:
        return [*self.firing, *self.over]


async def open_each(conn: Connection, source: str, alerts: Iterable[ReceivedAlert], due_at: datetime) -> None:
    """Open disputes: each alert fires again at `due_at`; one already in dispute keeps its time."""
    rows = [
        {"fingerprint": one.fingerprint, "told_by": one.told_by, "alert": _form().dump_python(one, mode="json")}
        for one in alerts
    ]
    if rows:
        await SQL.run(conn, "open", rows=as_json(rows), source=source, due_at=due_at)


async def end(conn: Connection, source: str, report: MemberReport, firing: Iterable[str]) -> set[str]:
    """End disputes: for alerts in `firing`, and for those that the member that had reported them firing now reports as
    over; returns which ended."""
    values = {
        "told_by": report.told_by, "over": list(report.over), "listed": list(report.listed),
        "reported": report.reported, "firing": list(firing),
    }  # fmt: skip
    return {row["fingerprint"] for row in await SQL.all(conn, "end", source=source, **values)}


async def due(conn: Connection, *, now: datetime, limit: int) -> list[tuple[str, ReceivedAlert]]:
    """With their sources; nothing is locked yet."""
    found = await SQL.all(conn, "due", now=now, limit=limit)
    return [(row["source"], _form().validate_python(row["alert"])) for row in found]


async def claim(conn: Connection, source: str, fingerprints: Iterable[str]) -> set[str]:
    """Take those still in dispute, ending their disputes. Call with their groups locked, as a delivery locks groups
    first: the reverse order would deadlock."""
    found = await SQL.all(conn, "claim", source=source, fingerprints=list(fingerprints))
    return {row["fingerprint"] for row in found}


async def next_due(conn: Connection) -> datetime | None:
    """None: nothing is in dispute."""
    due_at: datetime | None = (await SQL.the(conn, "next_due"))["due_at"]
    return due_at


async def opens_again_at(conn: Connection, standing: GroupStanding) -> datetime | None:
    """When the first alert of a closed group fires again; None: nobody says that any of it fires."""
    if standing.group.closed_at is None:
        return None
    wanted = {"source": standing.group.source, "fingerprints": [one.fingerprint for one in standing.alerts]}
    at: datetime | None = (await SQL.the(conn, "first_due", **wanted))["due_at"]
    return at


@cache
def _form() -> TypeAdapter[ReceivedAlert]:
    """Cached: creating it takes milliseconds, and due disputes are queried every second."""
    return TypeAdapter(ReceivedAlert)
