"""Alerts and their groups, as they are kept. Whoever changes an alert holds its group."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.alert import Alert, Group, ReceivedAlert, Standing, Verdict
from bot.store.queries import Connection, Queries, Row

SQL = Queries(__file__)


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


async def save_firing(
    conn: Connection, group_id: int, source: str, alert: ReceivedAlert, verdict: Verdict, now: datetime
) -> int:
    """Keep an alert that fires, or count it once more; returns the group it is in."""
    told: dict[str, Any] = {
        name: getattr(alert, name)
        for name in ("fingerprint", "title", "severity", "description", "url", "runbook_url")
    }
    judged = {name: getattr(verdict, name) for name in ("level", "flagged", "declares", "procedure")}
    expires_at = now + verdict.at_least.within if verdict.at_least else None
    row = await SQL.the(
        conn, "save_firing", group_id=group_id, source=source, labels=Jsonb(dict(alert.labels)), now=now,
        expires_at=expires_at, **told, **judged,
    )  # fmt: skip
    return int(row["group_id"])


async def end_firing(conn: Connection, source: str, fingerprint: str, now: datetime) -> int | None:
    """The alert is over; returns its group, None when it did not fire."""
    row = await SQL.one(conn, "end_firing", source=source, fingerprint=fingerprint, now=now)
    return int(row["group_id"]) if row else None


async def end_expired(conn: Connection, group_id: int, now: datetime) -> None:
    """Those of which nothing was heard for as long as their rule counts are over."""
    await SQL.run(conn, "end_expired", group_id=group_id, now=now)


async def count_once_more(conn: Connection, rule: str, *, since: datetime, now: datetime) -> int:
    """Write down that the rule has matched; returns how often it has since then."""
    await SQL.one(conn, "hold_rule", rule=rule)
    await SQL.run(conn, "add_sighting", rule=rule, now=now)
    return int((await SQL.the(conn, "count_sightings", rule=rule, since=since, now=now))["count"])


async def speak_up(conn: Connection, group_id: int) -> None:
    await SQL.run(conn, "speak_up", id=group_id)


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
    alerts = [Alert(**alert) for alert in await SQL.all(conn, "alerts_of", group_id=row["id"])]
    return Standing(Group(**(row | {"told": tuple(row["told"])})), alerts)
