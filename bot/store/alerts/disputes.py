"""Alerts that are over by the word of one member of a pair, and firing by the word of the other."""

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
    """What one delivery says, in fingerprints. `told_by`: the member it came from, None where that is not known.

    `listed`: the source's own keys of the groups that it lists whole.
    """

    told_by: str | None
    firing: Collection[str]
    over: Collection[str]
    listed: Collection[str]

    @property
    def reported(self) -> list[str]:
        return [*self.firing, *self.over]


async def open_each(conn: Connection, source: str, alerts: Iterable[ReceivedAlert], due_at: datetime) -> None:
    """Each fires again at that time; one that is in dispute already, at its own."""
    rows = [
        {"fingerprint": one.fingerprint, "told_by": one.told_by, "alert": _form().dump_python(one, mode="json")}
        for one in alerts
    ]
    if rows:
        await SQL.run(conn, "open", rows=as_json(rows), source=source, due_at=due_at)


async def end(conn: Connection, source: str, report: MemberReport, firing: Iterable[str]) -> set[str]:
    """What `firing` says fires, and what is over by the report of whoever said that it fires; returns which ended."""
    values = {
        "told_by": report.told_by, "over": list(report.over), "listed": list(report.listed),
        "reported": report.reported, "firing": list(firing),
    }  # fmt: skip
    return {row["fingerprint"] for row in await SQL.all(conn, "end", source=source, **values)}


async def due(conn: Connection, *, now: datetime, limit: int) -> list[tuple[str, ReceivedAlert]]:
    """With their sources; none is held yet."""
    found = await SQL.all(conn, "due", now=now, limit=limit)
    return [(row["source"], _form().validate_python(row["alert"])) for row in found]


async def claim(conn: Connection, source: str, fingerprints: Iterable[str]) -> set[str]:
    """Those that are still in dispute; from here on they are in none. Called with their groups held, as a delivery
    holds them first: two that take them in different orders would deadlock."""
    found = await SQL.all(conn, "claim", source=source, fingerprints=list(fingerprints))
    return {row["fingerprint"] for row in found}


async def next_due(conn: Connection) -> datetime | None:
    """None: nothing is in dispute."""
    due_at: datetime | None = (await SQL.the(conn, "next_due"))["due_at"]
    return due_at


async def opens_again_at(conn: Connection, standing: GroupStanding) -> datetime | None:
    """When the first alert of a group that is over does; None: nobody says that any of it fires."""
    if standing.group.closed_at is None:
        return None
    wanted = {"source": standing.group.source, "fingerprints": [one.fingerprint for one in standing.alerts]}
    at: datetime | None = (await SQL.the(conn, "first_due", **wanted))["due_at"]
    return at


@cache
def _form() -> TypeAdapter[ReceivedAlert]:
    """Made once: to make it takes milliseconds, and what is due is asked every second."""
    return TypeAdapter(ReceivedAlert)
