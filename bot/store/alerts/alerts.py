"""The tables of alerts and their groups. Code that changes an alert holds its group's lock."""

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

# As many as one delivery may contain.
LOOKED_AT = 10_000
# Per statement: a few milliseconds of this process's time.
AT_A_TIME = 250


async def open_groups(conn: Connection, source: str, quiet: Mapping[str, bool], now: datetime) -> dict[str, int]:
    """The open group of each key, created if necessary, and locked; `quiet`: whether a new one is quiet."""
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
    """Which of these firing alerts began before their last recorded end, so are stale. Leaves out ends recorded (by our
    clock) before `ended_since`, alerts already found stale before `contradicted_since`, and reports from the member
    that had reported the end by the time they arrived. For each: did another member report the end?"""
    rows = [_times(one) | {"arrived": one.arrived} for one in firing if one.alert.starts_at]
    spans = {"ended_since": ended_since, "contradicted_since": contradicted_since, "now": now}
    found = await SQL.rows(conn, "late_news", rows, source=source, **spans)
    return {row["fingerprint"]: row["of_another"] for row in found}


async def last_groups(conn: Connection, source: str, fingerprints: Iterable[str]) -> list[int]:
    """The groups in which these last fired."""
    rows = await SQL.all(conn, "last_groups", source=source, fingerprints=list(fingerprints))
    return sorted({int(row["group_id"]) for row in rows})


async def late_at(conn: Connection, standing: GroupStanding) -> datetime | None:
    """When one of these was reported as firing again after the group's end; None when none was."""
    if standing.group.closed_at is None:
        return None
    wanted = {"source": standing.group.source, "fingerprints": [alert.fingerprint for alert in standing.alerts]}
    at: datetime | None = (await SQL.the(conn, "late_at", since=standing.group.closed_at, **wanted))["late_at"]
    return at


async def save_firing(conn: Connection, source: str, firing: Sequence[tuple[int, Judged]], now: datetime) -> set[int]:
    """Insert firing alerts, each in its group, or count repeats; returns their groups."""
    groups: set[int] = set()
    for some in sliced(firing):
        rows = [_row(group_id, told, now) for group_id, told in some]
        found = await SQL.rows(conn, "save_firing", rows, source=source, levels=list(LEVELS), now=now)
        groups |= {int(row["group_id"]) for row in found}
    return groups


async def end_firing(conn: Connection, source: str, over: Sequence[Judged], now: datetime) -> set[int]:
    """End these, unless the firing episode began later; returns the groups of those that were firing."""
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
    """In fully listed groups, end whatever is not among these and was last reported before `told_before`; returns the
    groups that changed."""
    listed = [one.group for one in listings if not one.hidden]
    if not listed:
        return set()
    given = {"source": source, "listed": listed, "fingerprints": list(fingerprints), "told_before": told_before}
    return {int(row["group_id"]) for row in await SQL.all(conn, "end_unlisted", now=now, **given)}


async def hide(conn: Connection, source: str, listings: Iterable[Listing]) -> set[int]:
    """Store how many alerts of each group were not shown; returns the groups that changed."""
    rows: list[Row] = [{"key": one.group, "hidden": one.hidden} for one in listings]
    return {int(row["id"]) for row in await SQL.rows(conn, "hide", rows, source=source)}


async def end_group(conn: Connection, group_id: int, now: datetime) -> None:
    """End all firing alerts of this group."""
    await SQL.run(conn, "end_group", group_id=group_id, now=now)


async def end_expired(conn: Connection, group_id: int, now: datetime) -> None:
    """End those not heard of for as long as their rule allows."""
    await SQL.run(conn, "end_expired", group_id=group_id, now=now)


async def count_more(conn: Connection, rule: str, times: int, *, since: datetime, now: datetime) -> int:
    """Add this many matches of the rule; returns its total since then."""
    await SQL.one(conn, "hold_rule", rule=rule)
    await SQL.run(conn, "add_sightings", rule=rule, times=times, now=now)
    return int((await SQL.the(conn, "count_sightings", rule=rule, since=since, now=now))["count"])


async def wait_for_reports(conn: Connection) -> None:
    """Serialise declarations for reports until this transaction ends."""
    await SQL.one(conn, "wait_for_reports")


async def speak_up(conn: Connection, group_ids: Iterable[int]) -> None:
    await SQL.run(conn, "speak_up", ids=list(group_ids))


async def standing(conn: Connection, group_id: int) -> GroupStanding | None:
    """None when there is no such group."""
    return next(iter(await _standings(conn, "groups", [group_id])), None)


async def lock(conn: Connection, group_id: int) -> GroupStanding | None:
    """The group, locked for this transaction, with its alerts."""
    return next(iter(await lock_all(conn, [group_id])), None)


async def lock_all(conn: Connection, group_ids: Iterable[int]) -> list[GroupStanding]:
    """Those of these groups that exist, locked for this transaction, in order."""
    return await _standings(conn, "groups_locked", group_ids)


async def put_off(conn: Connection, group_ids: Collection[int], urgent: Collection[int], now: datetime) -> set[int]:
    """Reschedule those of these (already locked) that are resting to the end of their rest. `urgent`: they want an
    incident."""
    rows = await SQL.all(conn, "put_off", ids=list(group_ids), urgent=list(urgent), now=now) if group_ids else []
    return {int(row["id"]) for row in rows}


async def save_groups(conn: Connection, groups: Iterable[Group], news_of: Collection[int]) -> list[int]:
    """Save all fields that change during a group's life.

    Returns those of `news_of` with an alert that began or ended, or with an answer, since their thread was last
    updated.
    """
    rows = [vars(group) | {"told": list(group.told), "silence_ids": list(group.silence_ids)} for group in groups]
    if not rows:
        return []
    saving, telling = (SQL, "save_groups", {"rows": as_json(rows)}), (SQL, "with_news", {"ids": list(news_of)})
    _, news = await answers_of(conn, saving, telling)
    return [row["id"] for row in await news.fetchall()]


async def save_muted(conn: Connection, under: Mapping[int, Sequence[int]]) -> None:
    """By alert, all silences that have muted it."""
    for some in sliced(list(under.items())):
        rows: list[Row] = [{"id": alert_id, "silence_ids": ids} for alert_id, ids in some]
        await SQL.run(conn, "save_muted", rows=as_json(rows))


async def openings(conn: Connection, group: Group, *, since: datetime) -> int:
    """How often this group has begun to fire since then, this time included."""
    return int((await SQL.the(conn, "openings", source=group.source, key=group.key, since=since, id=group.id))["count"])


async def changed_since(conn: Connection, group_id: int, since: datetime) -> list[Alert]:
    """Its alerts that have begun or ended since then, oldest first."""
    rows = await SQL.all(conn, "changed_since", group_id=group_id, since=since, limit=LOOKED_AT)
    return [Alert(**row) for row in rows]


async def history_told(conn: Connection, group_id: int, until: datetime) -> None:
    """The thread is up to date as of then."""
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
    """By source and fingerprint: the open incident that this alert belonged to when it fired before, and the resolved
    one that is being watched."""
    if not wanted:
        return {}
    given = {"sources": [one.source for one in wanted], "fingerprints": [one.fingerprint for one in wanted]}
    rows = await SQL.all(conn, "earlier_incidents_of", **given)
    return {(row["source"], row["fingerprint"]): (row["open"], row["watched"]) for row in rows}


async def groups_of_incident(conn: Connection, incident_id: int) -> list[int]:
    return [int(row["id"]) for row in await SQL.all(conn, "groups_of_incident", incident_id=incident_id)]


async def forget_old(conn: Connection, before: datetime) -> int:
    """Delete sightings and endings from before then; alerts are kept."""
    names = ("forget_sightings", "forget_endings")
    return sum([await SQL.run(conn, name, before=before) for name in names])


def sliced(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """A few at a time, so that a large delivery yields to the event loop in between."""
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
    """The ids of all open groups, oldest first."""
    return [row["id"] for row in await SQL.all(conn, "open_ids")]
