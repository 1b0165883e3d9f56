"""The tables of health checks: when each is due, its state, and every look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from bot.domain.checks.check import Belief, Latest, ProbeResult, StateChange
from bot.domain.checks.uptime import Sample, Uptime
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Claim:
    """The right to look at a check; `fence` tells it from later claims."""

    name: str
    fence: int


async def sow(conn: Connection, names: Sequence[str], *, now: datetime, latest: datetime) -> None:
    """Ensure a row for each of these checks: a new one is due now, none later than `latest`."""
    await SQL.run(conn, "sow", names=list(names), now=now, latest=latest)


async def claim_due(conn: Connection, leases: Mapping[str, timedelta], *, now: datetime, limit: int) -> list[Claim]:
    """Claim due ones among these checks, each for the length of its lease."""
    values = {"names": list(leases), "leases": list(leases.values())}
    return [Claim(**row) for row in await SQL.all(conn, "claim_due", **values, now=now, limit=limit)]


def due_rows(names: Sequence[str]) -> DueRows:
    return DueRows(SQL, {"names": list(names)})


async def lock(conn: Connection, claim: Claim) -> Belief | None:
    """What is believed about the check, locked for this transaction; None when the claim is no longer the latest."""
    row = await SQL.one(conn, "lock_claim", name=claim.name, fence=claim.fence)
    return Belief(row["believed"], tuple(row["recent"])) if row else None


async def conclude(conn: Connection, name: str, belief: Belief, *, due_at: datetime) -> None:
    await SQL.run(conn, "conclude", name=name, believed=belief.state, recent=list(belief.recent), due_at=due_at)


async def see(conn: Connection, name: str, finding: ProbeResult, at: datetime) -> None:
    """Record the finding of a look that began at `at`."""
    await SQL.run(conn, "see", name=name, at=at, **asdict(finding))


async def latest(conn: Connection, names: Sequence[str]) -> dict[str, Latest]:
    """By name, without checks that were never looked at."""
    return {row.pop("name"): Latest(**row) for row in await SQL.all(conn, "latest", names=list(names))}


async def turns(conn: Connection, names: Sequence[str], limit: int) -> list[StateChange]:
    """The changes of state, newest first."""
    return [StateChange(**row) for row in await SQL.all(conn, "turns", names=list(names), limit=limit)]


async def stop_believing_others(conn: Connection, names: Sequence[str]) -> list[str]:
    """Reset other checks that were believed unhealthy; returns their names."""
    return [row["name"] for row in await SQL.all(conn, "stop_believing_others", names=list(names))]


async def looks(conn: Connection, name: str, *, since: datetime, until: datetime) -> list[Sample]:
    """All in this period, oldest first."""
    return [Sample(**row) for row in await SQL.all(conn, "looks", name=name, since=since, until=until)]


async def down_between(conn: Connection, names: Sequence[str], since: datetime, until: datetime) -> set[str]:
    """Those found down by at least one look in this period."""
    rows = await SQL.all(conn, "down_between", names=list(names), since=since, until=until)
    return {row["check_name"] for row in rows}


async def availability(
    conn: Connection, names: Sequence[str], spans: Sequence[timedelta], *, now: datetime
) -> dict[str, list[Uptime]]:
    """By name, the shortest span first; without checks that were never looked at."""
    found: dict[str, list[Uptime]] = {}
    for row in await SQL.all(conn, "availability", names=list(names), spans=list(spans), now=now):
        found.setdefault(row["check_name"], []).append(Uptime(row["span"], row["available"], measured=row["measured"]))
    return found


async def uptimes(conn: Connection, name: str, spans: Sequence[timedelta], *, now: datetime) -> list[Uptime]:
    """One check's uptime and response times; the shortest span first, none without a look."""
    rows = await SQL.all(conn, "paces", name=name, spans=list(spans), now=now)
    took = {row["span"]: [timedelta(seconds=seconds) for seconds in row["took"]] for row in rows}
    known = (await availability(conn, [name], spans, now=now)).get(name, [])
    none: list[timedelta | None] = [None, None, None]
    return [_with_paces(one, took.get(one.span) or none) for one in known]


def _with_paces(one: Uptime, paces: Sequence[timedelta | None]) -> Uptime:
    p50, p95, p99 = paces
    return replace(one, p50=p50, p95=p95, p99=p99)


async def forget_old(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_old", before=before)
