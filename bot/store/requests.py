"""What people and Slack asked for, stored before it is acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone
from bot.store.queries import Connection, Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Request:
    """A command, button, form, shortcut or event, as Slack sent it. `key` is Slack's own id of it."""

    key: str
    kind: str
    body: Mapping[str, Any]
    received_at: datetime
    attempts: int = 0


async def store(conn: Connection, request: Request, *, taken_over_at: datetime, holder: str | None = None) -> bool:
    """Keep the request; False when it is here already. The `holder` works on it until `taken_over_at`."""
    stored = await SQL.run(
        conn,
        "store",
        key=request.key,
        kind=request.kind,
        body=Jsonb(request.body),
        now=request.received_at,
        due_at=taken_over_at,
        holder=holder,
    )
    return stored == 1


async def get(conn: Connection, key: str) -> Request | None:
    row = await SQL.one(conn, "by_key", key=key)
    return Request(**row) if row else None


async def claim_left_over(
    conn: Connection, *, now: datetime, lease_until: datetime, limit: int, holder: str | None = None
) -> list[Request]:
    rows = await SQL.all(conn, "claim_left_over", now=now, lease_until=lease_until, limit=limit, holder=holder)
    return [Request(**row) for row in rows]


async def once(conn: Connection, actor: Actor, now: datetime) -> None:
    """In the transaction of a deed: raises AlreadyDone when its request has had its effect before."""
    if actor.request and not await SQL.run(conn, "mark_deed", key=actor.request, now=now):
        raise AlreadyDone("This was done already.")


async def finish(conn: Connection, key: str, *, now: datetime, error: str | None = None) -> None:
    await SQL.run(conn, "finish", key=key, now=now, error=error)


async def put_back(conn: Connection, request: Request, *, now: datetime, wait: timedelta) -> None:
    """Have it begun again after `wait`, when this attempt was the latest."""
    await SQL.run(conn, "put_back", key=request.key, attempts=request.attempts, due_at=now + wait)


async def next_due(conn: Connection) -> datetime | None:
    due_at: datetime | None = (await SQL.the(conn, "next_due"))["due_at"]
    return due_at


async def forget_old(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_old", before=before)
