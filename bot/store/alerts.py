"""Alerts and their groups, as they are kept. Whoever changes an alert holds its group."""

from collections.abc import Iterable
from datetime import datetime

from psycopg.types.json import Jsonb

from bot.domain.alert import LEVELS, Alert, Group, Standing
from bot.domain.alert_rules import Told
from bot.store import incidents
from bot.store.queries import Connection, Queries, Row

SQL = Queries(__file__)

# More than one delivery of a megabyte can hold.
LOOKED_AT = 10_000


async def keep_delivery(
    conn: Connection, source: str, key: str | None, body: bytes, *, accepted: int, now: datetime
) -> bool:
    """False when the delivery with this key is here already; None is nobody's key."""
    return await SQL.run(conn, "keep_delivery", source=source, key=key, body=body, accepted=accepted, now=now) == 1


async def hold_groups(
    conn: Connection, source: str, *, keys: Iterable[str], fingerprints: Iterable[str]
) -> dict[str, int]:
    """Lock whatever a delivery may change; returns the group of each of the alerts that fires already."""
    wanted = list(fingerprints)
    await SQL.all(conn, "hold_groups", source=source, keys=list(keys), fingerprints=wanted)
    rows = await SQL.all(conn, "groups_of_firing", source=source, fingerprints=wanted)
    return {row["fingerprint"]: row["group_id"] for row in rows}


async def open_group(conn: Connection, source: str, key: str, *, quiet: bool, now: datetime) -> int:
    """The open group of this key, made and locked if need be."""
    row = await SQL.the(conn, "open_group", source=source, key=key, quiet=quiet, now=now)
    return int(row["id"])


async def save_firing(conn: Connection, source: str, firing: Iterable[tuple[int, Told]], now: datetime) -> set[int]:
    """Keep alerts that fire, each with its group, or count them once more; returns the groups they are in."""
    rows = [_row(group_id, told, now) for group_id, told in firing]
    found = await SQL.all(conn, "save_firing", source=source, alerts=Jsonb(rows), levels=list(LEVELS), now=now)
    return {int(row["group_id"]) for row in found}


async def end_firing(conn: Connection, source: str, fingerprints: Iterable[str], now: datetime) -> set[int]:
    """These are over; returns the groups of those that fired."""
    found = await SQL.all(conn, "end_firing", source=source, fingerprints=list(fingerprints), now=now)
    return {int(row["group_id"]) for row in found}


async def end_expired(conn: Connection, group_id: int, now: datetime) -> None:
    """Those of which nothing was heard for as long as their rule counts are over."""
    await SQL.run(conn, "end_expired", group_id=group_id, now=now)


async def count_more(conn: Connection, rule: str, times: int, *, since: datetime, now: datetime) -> int:
    """Write down that the rule has matched so many times; returns how often it has since then."""
    await SQL.one(conn, "hold_rule", rule=rule)
    await SQL.run(conn, "add_sightings", rule=rule, times=times, now=now)
    return int((await SQL.the(conn, "count_sightings", rule=rule, since=since, now=now))["count"])


async def speak_up(conn: Connection, group_ids: Iterable[int]) -> None:
    await SQL.run(conn, "speak_up", ids=list(group_ids))


async def standing(conn: Connection, group_id: int) -> Standing | None:
    """None when there is no such group."""
    row = await SQL.one(conn, "group", id=group_id)
    return await _standing(conn, row) if row else None


async def lock(conn: Connection, group_id: int) -> Standing | None:
    """The group, held for this transaction, and its alerts."""
    row = await SQL.one(conn, "group_locked", id=group_id)
    return await _standing(conn, row) if row else None


async def save_group(conn: Connection, group: Group) -> None:
    """Everything of it that changes during its life."""
    await SQL.run(conn, "save_group", **(vars(group) | {"told": list(group.told)}))


async def claim_due(conn: Connection, *, now: datetime, limit: int) -> list[int]:
    return [int(row["id"]) for row in await SQL.all(conn, "claim_due", now=now, limit=limit)]


async def push_ahead(conn: Connection, group_id: int, until: datetime) -> None:
    await SQL.run(conn, "push_ahead", id=group_id, until=until)


async def next_due(conn: Connection) -> datetime | None:
    due_at: datetime | None = (await SQL.the(conn, "next_due"))["due_at"]
    return due_at


async def open_incident_of(conn: Connection, source: str, fingerprints: Iterable[str]) -> int | None:
    """The open incident that one of these alerts belonged to when it fired before; None when there is none."""
    row = await SQL.one(conn, "open_incident_of", source=source, fingerprints=list(fingerprints))
    return int(row["incident_id"]) if row else None


async def groups_of_incident(conn: Connection, incident_id: int) -> list[int]:
    return [int(row["id"]) for row in await SQL.all(conn, "groups_of_incident", incident_id=incident_id)]


async def forget_old(conn: Connection, before: datetime) -> int:
    """Deliveries and countings from before then; alerts themselves are kept."""
    deliveries = await SQL.run(conn, "forget_deliveries", before=before)
    return deliveries + await SQL.run(conn, "forget_sightings", before=before)


async def _standing(conn: Connection, row: Row) -> Standing:
    found = await SQL.all(conn, "alerts_of", group_id=row["id"], limit=LOOKED_AT)
    group = Group(**(row | {"told": tuple(row["told"])}))
    incident = await incidents.get(conn, group.incident_id) if group.incident_id else None
    return Standing(group, [Alert(**alert) for alert in found], incident)


def _row(group_id: int, told: Told, now: datetime) -> Row:
    alert, verdict = told.alert, told.verdict
    expires_at = (now + verdict.at_least.within).isoformat() if verdict.at_least else None
    return {
        "group_id": group_id, "fingerprint": alert.fingerprint, "title": alert.title, "severity": alert.severity,
        "description": alert.description, "url": alert.url, "runbook_url": alert.runbook_url,
        "labels": dict(alert.labels), "level": verdict.level, "flagged": verdict.flagged,
        "declares": verdict.declares, "procedure": verdict.procedure, "count": told.times, "expires_at": expires_at,
    }  # fmt: skip
