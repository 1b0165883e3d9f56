"""Incoming alerts: stores deliveries, and locks everything they may change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts.arrival import Arrival
from bot.domain.alerts.rules import Judged
from bot.store.pipelined import Connection
from bot.store.queries import Queries, ask_all
from bot.store.rows import Row

SQL = Queries(__file__)


@dataclass(frozen=True)
class Held:
    """Locks on everything that deliveries may change. `groups`: the group of each alert already firing, by fingerprint.

    `ended`: an end of one of them was reported before. `disputed`: some alert of their source is in dispute.
    """

    groups: Mapping[str, int]
    ended: bool
    disputed: bool


async def keep(conn: Connection, arrivals: Sequence[Arrival], now: datetime) -> tuple[list[tuple[int, Arrival]], Held]:
    """Store these deliveries of one source, all with different keys, and `hold` for all of them, in one round trip.

    Returns the new ones, each with its id; those whose key is known are left out.
    """
    source = arrivals[0].source
    values = {
        "source": source, "now": now, "keys": [one.key for one in arrivals],
        "accepted": [one.accepted for one in arrivals], "bodies": [one.body for one in arrivals],
    }  # fmt: skip
    told, listed = [one for each in arrivals for one in each.told], [one for each in arrivals for one in each.listed]
    questions = _holding(source, told, listed)
    rows, *answers = await ask_all(conn, (SQL, "keep_deliveries", values), *questions)
    with_key = {row["key"]: int(row["id"]) for row in rows if row["key"] is not None}
    # Ids are assigned in the order of insertion, which is that of the arrivals.
    without = iter(sorted(int(row["id"]) for row in rows if row["key"] is None))
    ids = [next(without) if one.key is None else with_key.get(one.key) for one in arrivals]
    new = [(id_, one) for id_, one in zip(ids, arrivals, strict=True) if id_ is not None]
    return new, await _held(conn, source, told, answers)


async def hold(conn: Connection, source: str, told: Sequence[Judged], listed: Iterable[str] = ()) -> Held:
    """Lock whatever these may change, in the same order in all processes.

    `listed`: the source's groups that they list in full.
    """
    return await _held(conn, source, told, await ask_all(conn, *_holding(source, told, listed)))


async def hold_firing(conn: Connection, source: str, fingerprints: Iterable[str]) -> Mapping[str, int]:
    """Lock the groups of those of these alerts that fire; returns them by fingerprint."""
    wanted = {"source": source, "fingerprints": list(fingerprints)}
    holding = (SQL, "hold_groups", wanted | {"keys": [], "listed": []})
    locked, firing = await ask_all(conn, holding, (SQL, "groups_of_firing", wanted))
    return _groups(await _held_too(conn, wanted, locked, firing))


async def give_up_soon(conn: Connection, wait: timedelta) -> None:
    """Limits how long this transaction waits for a lock; after that it raises Blocked."""
    await SQL.defer(conn, "give_up_soon", ms=str(round(wait / timedelta(milliseconds=1))))


async def held_elsewhere(conn: Connection, arrivals: Sequence[Arrival]) -> dict[int, dict[int, str]]:
    """The deliveries of one source that want cards locked elsewhere: by position, the keys of these cards by id."""
    rows: list[Row] = [
        {
            "number": number, "keys": sorted(one.keys), "fingerprints": sorted(one.fingerprints),
            "listed": sorted(one.listed),
        }
        for number, one in enumerate(arrivals)
    ]  # fmt: skip
    found: dict[int, dict[int, str]] = {}
    for row in await SQL.rows(conn, "held_elsewhere", rows, source=arrivals[0].source):
        found.setdefault(row["number"], {})[int(row["id"])] = row["key"]
    return found


async def free(conn: Connection, group_ids: Iterable[int]) -> set[int]:
    """Those of these groups that nobody else has locked at the moment."""
    return {int(row["id"]) for row in await SQL.all(conn, "free", ids=list(group_ids))}


def _holding(
    source: str, told: Sequence[Judged], listed: Iterable[str]
) -> list[tuple[Queries, str, Mapping[str, object]]]:
    alerts = {"source": source, "fingerprints": [one.alert.fingerprint for one in told]}
    return [
        (SQL, "hold_groups", alerts | {"keys": [one.group_key for one in told], "listed": list(listed)}),
        (SQL, "groups_of_firing", alerts),
        (SQL, "contradicted", alerts),
    ]


async def _held(conn: Connection, source: str, told: Sequence[Judged], answers: Sequence[Sequence[Row]]) -> Held:
    locked, firing, [contradicted] = answers
    wanted = {"source": source, "fingerprints": [one.alert.fingerprint for one in told]}
    return Held(_groups(await _held_too(conn, wanted, locked, firing)), **contradicted)


async def _held_too(
    conn: Connection, wanted: Mapping[str, object], locked: Sequence[Row], firing: Sequence[Row]
) -> Sequence[Row]:
    """While we waited for the locks, one of the alerts may have fired in a group we didn't know of."""
    ids = {row["id"] for row in locked}
    while missed := {row["group_id"] for row in firing} - ids:
        ids |= missed
        _, firing = await ask_all(conn, (SQL, "hold_also", {"ids": list(missed)}), (SQL, "groups_of_firing", wanted))
    return firing


def _groups(firing: Sequence[Row]) -> dict[str, int]:
    return {row["fingerprint"]: row["group_id"] for row in firing}


async def keep_originals(conn: Connection, source: str, digests: Sequence[bytes], now: datetime) -> set[bytes]:
    """Those of these bodies that were never received before."""
    rows = await SQL.all(conn, "keep_originals", source=source, digests=list(digests), now=now)
    return {bytes(row["digest"]) for row in rows}


async def forget_originals(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_originals", before=before)


async def raw_body(conn: Connection, group_id: int) -> bytes | None:
    """The beginning of the last delivery for this group; None when it was deleted, or there was none."""
    row = await SQL.one(conn, "raw_body", group_id=group_id)
    return bytes(row["body"]) if row else None


async def forget_old(conn: Connection, before: datetime) -> int:
    """Delete deliveries from before then."""
    return await SQL.run(conn, "forget", before=before)
