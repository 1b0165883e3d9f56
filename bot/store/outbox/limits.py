"""Ways that take nothing for now, until their probe gets through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.store.outbox.outbox import Delivery, Lapse, Limit, lapses_as_rows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Pace:
    """The wait before the first probe, the longest between probes, and how much longer a limit is remembered."""

    first: timedelta
    longest: timedelta
    remembered: timedelta


async def limit(
    conn: Connection, way: str, said: str, *, is_probe: bool, pace: Pace, now: datetime, asked: timedelta | None = None
) -> Limit:
    """Record that the other side refuses everything by this way. `is_probe`: it told the probe. `asked`: how long it
    wants us to wait; None: use our own pace."""
    values = {"way": way, "said": said, "is_probe": is_probe, "now": now, "asked": asked, **vars(pace)}
    return Limit(**await SQL.the(conn, "limit", **values))


async def lift(conn: Connection, way: str) -> None:
    await SQL.run(conn, "lift", way=way)


async def try_another(conn: Connection, way: str, now: datetime) -> None:
    """The probe's answer was about its own delivery, or there was none: the next may try at once."""
    await SQL.run(conn, "try_another", way=way, now=now)


async def claim_probe(
    conn: Connection,
    way: str,
    *,
    page: int,
    now: datetime,
    lease_until: datetime,
    trying_until: datetime,
    believed: datetime,
    over: Sequence[Lapse],
    holder: str | None,
    unattended_since: datetime | None,
) -> Delivery | None:
    """Claim the probe of this way; None: not due yet, or nothing waits. Nobody else tries before `trying_until`.
    `page`: the least urgent priority of a page. The rest as in the outbox's `claim`."""
    values = {"way": way, "page": page, "now": now, "lease_until": lease_until, "trying_until": trying_until}
    values |= {
        "believed": believed,
        "over": lapses_as_rows(over),
        "holder": holder,
        "unattended_since": unattended_since,
    }
    row = await SQL.one(conn, "claim_probe", **values)
    return Delivery(**row) if row else None


async def waiting(conn: Connection, way: str) -> Mapping[str, list[Mapping[str, Any]]]:
    """The payloads of what waits to leave by this way, by kind."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in await SQL.all(conn, "waiting", way=way):
        found.setdefault(row["kind"], []).append(row["payload"])
    return found
