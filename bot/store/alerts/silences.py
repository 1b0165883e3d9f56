"""The table of silences."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from bot.domain.alerts.silence import Firing, Muted, Silence
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def insert(
    conn: Connection, *, card: tuple[str, str] | None, matches: Mapping[str, str], shown: str, author: str,
    reason: str, starts_at: datetime, ends_at: datetime,
) -> Silence:  # fmt: skip
    """`card`: source and key of the one group that it mutes; None = whatever matches."""
    source, key = card or (None, None)
    values = {"source": source, "key": key, "matches": Jsonb(dict(matches)), "shown": shown, "author": author}
    row = await SQL.the(conn, "insert", reason=reason, starts_at=starts_at, ends_at=ends_at, **values)
    return Silence(**row)


async def get(conn: Connection, silence_id: int) -> Silence | None:
    row = await SQL.one(conn, "get", id=silence_id)
    return Silence(**row) if row else None


async def lock(conn: Connection, silence_id: int) -> Silence | None:
    row = await SQL.one(conn, "lock", id=silence_id)
    return Silence(**row) if row else None


async def in_force(conn: Connection, now: datetime) -> list[Silence]:
    """The first to end comes first."""
    return [Silence(**row) for row in await SQL.all(conn, "in_force", now=now)]


async def claim_over(conn: Connection, *, now: datetime, limit: int) -> list[Silence]:
    """Expired silences, locked for this transaction."""
    return [Silence(**row) for row in await SQL.all(conn, "over", now=now, limit=limit)]


def due_rows() -> DueRows:
    return DueRows(SQL)


async def extend(conn: Connection, silence_id: int, ends_at: datetime) -> Silence:
    return Silence(**await SQL.the(conn, "extend", id=silence_id, ends_at=ends_at))


async def end(conn: Connection, silence_id: int, *, by: str | None, muted: int, now: datetime) -> Silence:
    return Silence(**await SQL.the(conn, "end", id=silence_id, by=by, muted=muted, now=now))


async def counts(conn: Connection, silence_ids: Collection[int]) -> dict[int, Muted]:
    """By silence, how many alerts it has muted."""
    rows = await SQL.all(conn, "counts", ids=list(silence_ids)) if silence_ids else []
    return dict.fromkeys(silence_ids, Muted()) | {row.pop("id"): Muted(**row) for row in rows}


async def firing(conn: Connection, group_ids: Sequence[int], limit: int) -> list[Firing]:
    """The firing alerts of these groups, at most `limit` of each."""
    return [Firing(**row) for row in await SQL.all(conn, "firing", ids=list(group_ids), limit=limit)]


async def look_at_open(conn: Connection, now: datetime) -> None:
    """Look at all open groups again: they may be muted now, or no longer."""
    await SQL.run(conn, "look_at_open", now=now)


async def look_at_muted(conn: Connection, silence_id: int, now: datetime) -> None:
    await SQL.run(conn, "look_at_muted", id=silence_id, now=now)
