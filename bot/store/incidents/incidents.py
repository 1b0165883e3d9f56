"""The tables of incidents and their timelines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.errors import NotFound
from bot.domain.incidents.incident import Incident, Status
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


@dataclass(frozen=True)
class Entry:
    """One line of a timeline. `kind` is one of the API's words: declared, paged, acknowledged, note ..."""

    id: int
    at: datetime
    actor: str
    kind: str
    text: str


async def insert(
    conn: Connection,
    *,
    title: str,
    severity: str,
    drill: bool,
    private: bool,
    declared_by: str,
    now: datetime,
    origin: Mapping[str, Any],
    request: str | None,
) -> Incident:
    row = await SQL.the(
        conn,
        "insert",
        title=title,
        severity=severity,
        drill=drill,
        private=private,
        declared_by=declared_by,
        now=now,
        origin=Jsonb(origin),
        request=request,
    )
    return Incident(**row)


async def get(conn: Connection, incident_id: int) -> Incident:
    return _found(await SQL.one(conn, "by_id", id=incident_id), incident_id)


async def lock(conn: Connection, incident_id: int) -> Incident:
    """The incident, locked for this transaction; raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=incident_id), incident_id)


async def get_all(conn: Connection, incident_ids: Sequence[int]) -> dict[int, Incident]:
    """By number."""
    return {row["id"]: Incident(**row) for row in await SQL.all(conn, "by_ids", ids=list(incident_ids))}


async def lock_all(conn: Connection, incident_ids: Iterable[int]) -> dict[int, Incident]:
    """By number; locked for this transaction."""
    return {row["id"]: Incident(**row) for row in await SQL.all(conn, "by_ids_locked", ids=list(incident_ids))}


async def of_room(conn: Connection, room_id: str) -> Incident | None:
    row = await SQL.one(conn, "by_room", room_id=room_id)
    return Incident(**row) if row else None


async def of_request(conn: Connection, request: str) -> Incident | None:
    row = await SQL.one(conn, "by_request", request=request)
    return Incident(**row) if row else None


async def of_origin(conn: Connection, origin: Mapping[str, Any]) -> Incident | None:
    """The open incident declared for this check or alert, if there is one."""
    row = await SQL.one(conn, "open_of_origin", origin=Jsonb(origin))
    return Incident(**row) if row else None


async def open_ones(conn: Connection, limit: int = 1000) -> list[Incident]:
    return [Incident(**row) for row in await SQL.all(conn, "open", limit=limit)]


async def open_with_room(conn: Connection, limit: int = 100) -> list[Incident]:
    return [Incident(**row) for row in await SQL.all(conn, "open_with_room", limit=limit)]


async def open_counts(conn: Connection) -> list[Row]:
    """The number of open incidents by severity, drills apart."""
    return await SQL.all(conn, "open_counts")


async def newest(conn: Connection, limit: int = 1000) -> list[Incident]:
    return [Incident(**row) for row in await SQL.all(conn, "newest", limit=limit)]


async def set_severity(conn: Connection, incident_id: int, severity: str) -> None:
    await SQL.run(conn, "set_severity", id=incident_id, severity=severity)


async def set_status(conn: Connection, incident_id: int, status: Status, now: datetime) -> None:
    await SQL.run(conn, "set_status", id=incident_id, status=status, now=now)


async def acknowledge(conn: Connection, incident_id: int, who: str, now: datetime) -> bool:
    """False when somebody has acknowledged already."""
    return await SQL.run(conn, "acknowledge", id=incident_id, who=who, now=now) == 1


async def unacknowledge(conn: Connection, incident_id: int) -> None:
    await SQL.run(conn, "unacknowledge", id=incident_id)


async def set_role(conn: Connection, incident_id: int, role: str, who: str) -> None:
    await SQL.run(conn, "set_role", id=incident_id, role=role, who=who)


async def set_impact(conn: Connection, incident_id: int, impact: str, facts: Mapping[str, str]) -> None:
    await SQL.run(conn, "set_impact", id=incident_id, impact=impact, facts=Jsonb(facts))


async def set_facts(conn: Connection, incident_id: int, facts: Mapping[str, Any], now: datetime) -> None:
    await SQL.run(conn, "set_facts", id=incident_id, facts=Jsonb(facts), now=now)


async def resolve(conn: Connection, incident_id: int, who: str, summary: str | None, now: datetime) -> None:
    await SQL.run(conn, "resolve", id=incident_id, who=who, summary=summary, now=now)


async def reopen(conn: Connection, incident_id: int, now: datetime) -> None:
    await SQL.run(conn, "reopen", id=incident_id, now=now)


async def correct(conn: Connection, changed: Incident) -> None:
    """Store its corrected milestones."""
    times = {"started": changed.started_at, "detected": changed.detected_at, "mitigated": changed.mitigated_at}
    await SQL.run(conn, "correct", id=changed.id, **times)


async def note_alert(conn: Connection, incident_id: int, at: datetime) -> None:
    """An alert knew of it at this time, before it was declared."""
    await SQL.run(conn, "note_alert", id=incident_id, at=at)


async def set_room(conn: Connection, incident_id: int, room_id: str, room_name: str, now: datetime) -> None:
    await SQL.run(conn, "set_room", id=incident_id, room_id=room_id, room_name=room_name, now=now)


async def set_room_error(conn: Connection, incident_id: int, error: str, *, lost: bool) -> None:
    """`lost`: it will never have a room."""
    await SQL.run(conn, "set_room_error", id=incident_id, error=error, lost=lost)


async def rename_room(conn: Connection, room_id: str, room_name: str) -> None:
    await SQL.run(conn, "rename_room", room_id=room_id, room_name=room_name)


async def write(
    conn: Connection, incident_id: int, kind: str, text: str, *, actor: str, at: datetime, key: str | None = None
) -> None:
    """Add a line to the timeline, written with the commit, unless one with this key exists."""
    row = {"incident_id": incident_id, "at": at, "actor": actor, "kind": kind, "text": text, "key": key}
    await SQL.defer(conn, "write", **row)


async def write_once(
    conn: Connection, incident_id: int, kind: str, text: str, *, actor: str, at: datetime, key: str | None
) -> bool:
    """As `write`, but at once; False when a line with this key exists."""
    row = {"incident_id": incident_id, "at": at, "actor": actor, "kind": kind, "text": text, "key": key}
    return bool(await SQL.rows(conn, "write", [row]))


async def reopened_since(conn: Connection, incident_id: int, since: datetime) -> bool:
    row = await SQL.one(conn, "reopened_since", incident_id=incident_id, since=since)
    return row is not None and bool(row["reopened"])


async def last_reopened(conn: Connection, incident_id: int) -> datetime | None:
    """None: never."""
    at: datetime | None = (await SQL.the(conn, "last_reopened", incident_id=incident_id))["at"]
    return at


async def timeline(conn: Connection, incident_id: int) -> list[Entry]:
    """Oldest first, without hidden entries."""
    return [Entry(**row) for row in await SQL.all(conn, "timeline", incident_id=incident_id)]


def _found(row: Row | None, incident_id: int) -> Incident:
    if row is None:
        raise NotFound(f"There is no incident INC-{incident_id}. `/incident list` shows the open ones.")
    return Incident(**row)
