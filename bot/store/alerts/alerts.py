"""Alerts and their groups, as they are kept. Whoever changes an alert holds its group."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from bot.domain.alerts.alert import Alert, Group, GroupStanding
from bot.domain.alerts.received import LEVELS, Listing
from bot.domain.alerts.rules import Judged
from bot.store.due_rows import DueRows
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.queries import Queries, answers_of, each_of
from bot.store.rows import Row, as_json

SQL = Queries(__file__)
Item = TypeVar("Item")

# As many as one delivery may hold.
LOOKED_AT = 10_000
# Written or read in one statement: a few milliseconds of this process.
AT_A_TIME = 250


async def open_groups(conn: Connection, source: str, quiet: Mapping[str, bool], now: datetime) -> dict[str, int]:
    """The open group of each key, made and locked if need be; `quiet` says of a new one whether it is."""
    opened: dict[str, int] = {}
    for keys in sliced(sorted(quiet)):
        rows: list[Row] = [{"key": key, "quiet": quiet[key]} for key in keys]
        found = await SQL.rows(conn, "open_groups", rows, source=source, now=now)
        opened |= {row["key"]: int(row["id"]) for row in found}
    return opened


async def late_news(
    conn: Connection,
    source: str,
    firing: Iterable[Judged],
    *,
    ended_since: datetime,
    contradicted_since: datetime,
    now: datetime,
) -> dict[str, bool]:
    """Which of these fired before their last end, and so no more: none that ended before then by our clock, none that
    was told so before `contradicted_since` already, and none of whoever had told that end when this arrived. Of each:
    is it known that somebody else told the end?"""
    rows = [_times(one) | {"arrived": one.arrived} for one in firing if one.alert.starts_at]
    spans = {"ended_since": ended_since, "contradicted_since": contradicted_since, "now": now}
    found = await SQL.rows(conn, "late_news", rows, source=source, **spans)
    return {row["fingerprint"]: row["of_another"] for row in found}


async def last_groups(conn: Connection, source: str, fingerprints: Iterable[str]) -> list[int]:
    """The groups in which these fired last."""
    rows = await SQL.all(conn, "last_groups", source=source, fingerprints=list(fingerprints))
    return sorted({int(row["group_id"]) for row in rows})


async def late_at(conn: Connection, standing: GroupStanding) -> datetime | None:
    """When one of these was told as firing once more after this end of it; None when none was."""
    if standing.group.closed_at is None:
        return None
    wanted = {"source": standing.group.source, "fingerprints": [alert.fingerprint for alert in standing.alerts]}
    at: datetime | None = (await SQL.the(conn, "late_at", since=standing.group.closed_at, **wanted))["late_at"]
    return at


async def save_firing(conn: Connection, source: str, firing: Sequence[tuple[int, Judged]], now: datetime) -> set[int]:
    """Keep alerts that fire, each with its group, or count them once more; returns the groups they are in."""
    groups: set[int] = set()
    for some in sliced(firing):
        rows = [_row(group_id, told, now) for group_id, told in some]
        found = await SQL.rows(conn, "save_firing", rows, source=source, levels=list(LEVELS), now=now)
        groups |= {int(row["group_id"]) for row in found}
    return groups


async def end_firing(conn: Connection, source: str, over: Sequence[Judged], now: datetime) -> set[int]:
    """These are over, unless what fires has begun since; returns the groups of those that fired."""
    groups: set[int] = set()
    for some in sliced(sorted(over, key=lambda one: one.alert.fingerprint)):
        rows = [_times(one) for one in some]
        found = await SQL.rows(conn, "end_firing", rows, source=source, now=now)
        if any(one["ends_at"] for one in rows):
            await SQL.run(conn, "keep_endings", rows=as_json(rows), source=source, now=now)
        groups |= {int(row["group_id"]) for row in found}
    return groups


async def end_unlisted(
    conn: Connection,
    source: str,
    listings: Iterable[Listing],
    fingerprints: Iterable[str],
    now: datetime,
    *,
    told_before: datetime,
) -> set[int]:
    """In groups of which nothing is hidden, whatever is not among these, and was told last before then, is over;
    returns the groups that changes."""
    listed = [one.group for one in listings if not one.hidden]
    if not listed:
        return set()
    given = {"source": source, "listed": listed, "fingerprints": list(fingerprints), "told_before": told_before}
    return {int(row["group_id"]) for row in await SQL.all(conn, "end_unlisted", now=now, **given)}


async def hide(conn: Connection, source: str, listings: Iterable[Listing]) -> set[int]:
    """Keep how many alerts of each were not shown; returns the groups that changes."""
    rows: list[Row] = [{"key": one.group, "hidden": one.hidden} for one in listings]
    return {int(row["id"]) for row in await SQL.rows(conn, "hide", rows, source=source)}


async def end_group(conn: Connection, group_id: int, now: datetime) -> None:
    """Whatever fires in it is over."""
    await SQL.run(conn, "end_group", group_id=group_id, now=now)


async def end_expired(conn: Connection, group_id: int, now: datetime) -> None:
    """Those of which nothing was heard for as long as their rule counts are over."""
    await SQL.run(conn, "end_expired", group_id=group_id, now=now)


async def count_more(conn: Connection, rule: str, times: int, *, since: datetime, now: datetime) -> int:
    """Write down that the rule has matched so many times; returns how often it has since then."""
    await SQL.one(conn, "hold_rule", rule=rule)
    await SQL.run(conn, "add_sightings", rule=rule, times=times, now=now)
    return int((await SQL.the(conn, "count_sightings", rule=rule, since=since, now=now))["count"])


async def wait_for_reports(conn: Connection) -> None:
    """Whoever declares for a report is alone with that until this transaction ends."""
    await SQL.one(conn, "wait_for_reports")


async def speak_up(conn: Connection, group_ids: Iterable[int]) -> None:
    await SQL.run(conn, "speak_up", ids=list(group_ids))


async def standing(conn: Connection, group_id: int) -> GroupStanding | None:
    """None when there is no such group."""
    return next(iter(await _standings(conn, "groups", [group_id])), None)


async def lock(conn: Connection, group_id: int) -> GroupStanding | None:
    """The group, held for this transaction, and its alerts."""
    return next(iter(await lock_all(conn, [group_id])), None)


async def lock_all(conn: Connection, group_ids: Iterable[int]) -> list[GroupStanding]:
    """Those of these groups that there are, held for this transaction, in order."""
    return await _standings(conn, "groups_locked", group_ids)


async def put_off(conn: Connection, group_ids: Collection[int], urgent: Collection[int], now: datetime) -> set[int]:
    """Those of these, held already, that rest: they are due once they have. `urgent`: these want an incident."""
    rows = await SQL.all(conn, "put_off", ids=list(group_ids), urgent=list(urgent), now=now) if group_ids else []
    return {int(row["id"]) for row in rows}


async def save_groups(conn: Connection, groups: Iterable[Group], news_of: Collection[int]) -> list[int]:
    """Everything of each that changes during its life.

    Returns those of `news_of` of which an alert has begun or ended, or that have been answered, since their thread was
    told last.
    """
    rows = [vars(group) | {"told": list(group.told), "silence_ids": list(group.silence_ids)} for group in groups]
    if not rows:
        return []
    saving, telling = (SQL, "save_groups", {"rows": as_json(rows)}), (SQL, "with_news", {"ids": list(news_of)})
    _, news = await answers_of(conn, saving, telling)
    return [row["id"] for row in await news.fetchall()]


async def openings(conn: Connection, group: Group, *, since: datetime) -> int:
    """How often this group has begun to fire from then to this time, which is included."""
    return int((await SQL.the(conn, "openings", source=group.source, key=group.key, since=since, id=group.id))["count"])


async def changed_since(conn: Connection, group_id: int, since: datetime) -> list[Alert]:
    """Its alerts that have begun or ended since then, oldest first."""
    rows = await SQL.all(conn, "changed_since", group_id=group_id, since=since, limit=LOOKED_AT)
    return [Alert(**row) for row in rows]


async def history_told(conn: Connection, group_id: int, until: datetime) -> None:
    """The thread tells everything up to then."""
    await SQL.run(conn, "history_told", id=group_id, until=until)


async def claim_due(conn: Connection, *, now: datetime, limit: int) -> list[int]:
    return [int(row["id"]) for row in await SQL.all(conn, "claim_due", now=now, limit=limit)]


async def push_ahead(conn: Connection, group_id: int, until: datetime) -> None:
    await SQL.run(conn, "push_ahead", id=group_id, until=until)


def due_rows() -> DueRows:
    return DueRows(SQL)


async def earlier_incidents_of(
    conn: Connection, wanted: Collection[Alert]
) -> dict[tuple[str, str], tuple[int | None, int | None]]:
    """By source and fingerprint, the open incident that such an alert belonged to when it fired before, and the one
    that has ended and is watched."""
    if not wanted:
        return {}
    given = {"sources": [one.source for one in wanted], "fingerprints": [one.fingerprint for one in wanted]}
    rows = await SQL.all(conn, "earlier_incidents_of", **given)
    return {(row["source"], row["fingerprint"]): (row["open"], row["watched"]) for row in rows}


async def groups_of_incident(conn: Connection, incident_id: int) -> list[int]:
    return [int(row["id"]) for row in await SQL.all(conn, "groups_of_incident", incident_id=incident_id)]


async def forget_old(conn: Connection, before: datetime) -> int:
    """Countings and endings from before then; alerts themselves are kept."""
    names = ("forget_sightings", "forget_endings")
    return sum([await SQL.run(conn, name, before=before) for name in names])


def sliced(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """A few at a time, so that a large delivery leaves the loop to others in between."""
    return (items[start : start + AT_A_TIME] for start in range(0, len(items), AT_A_TIME))


async def _standings(conn: Connection, which: str, ids: Iterable[int]) -> list[GroupStanding]:
    wanted = {"ids": list(ids)}
    found, alerts = await answers_of(conn, (SQL, which, wanted), (SQL, "alerts_of", wanted | {"limit": LOOKED_AT}))
    groups = [_group(row) for row in await found.fetchall()]
    fired: dict[int, list[Alert]] = {group.id: [] for group in groups}
    async for row in each_of(alerts):
        fired[row["group_id"]].append(Alert(**row))
    numbers = {group.incident_id for group in groups if group.incident_id}
    tied = await incidents.get_all(conn, sorted(numbers)) if numbers else {}
    return [GroupStanding(group, fired[group.id], tied.get(group.incident_id or 0)) for group in groups]


def _group(row: Row) -> Group:
    return Group(**(row | {"told": tuple(row["told"]), "silence_ids": tuple(row["silence_ids"])}))


def _times(told: Judged) -> Row:
    alert = told.alert
    return {
        "fingerprint": alert.fingerprint, "starts_at": alert.starts_at, "ends_at": alert.ends_at,
        "told_by": alert.told_by,
    }  # fmt: skip


def _row(group_id: int, told: Judged, now: datetime) -> Row:
    alert, verdict = told.alert, told.verdict
    return {
        "group_id": group_id, "fingerprint": alert.fingerprint, "title": alert.title, "severity": alert.severity,
        "description": alert.description, "url": alert.url, "runbook_url": alert.runbook_url,
        "labels": dict(alert.labels), "level": verdict.level, "flagged": verdict.flagged,
        "declares": verdict.declares, "procedure": verdict.procedure, "count": told.times,
        "expires_at": now + verdict.at_least.within if verdict.at_least else None, "source_group": alert.group,
        "told_by": alert.told_by, "starts_at": alert.starts_at, "links": dict(alert.links), "image": alert.image,
        "measured": dict(alert.measured), "delivery_id": told.delivery,
    }  # fmt: skip


async def open_ids(conn: Connection) -> list[int]:
    """The ids of all groups that are not over, oldest first."""
    return [row["id"] for row in await SQL.all(conn, "open_ids")]
