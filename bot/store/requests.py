"""What people and Slack asked for, stored before it is acknowledged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.types.json import Jsonb

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

NEVER_RECORDED = "its commit was not heard of, and had not been made"


@dataclass(frozen=True)
class Request:
    """A command, button, form, shortcut or event, as Slack sent it. `key` is Slack's own id for it.

    `attempts`: how often it was started again. `deaths`: how many processes died or froze while working on it.
    """

    key: str
    kind: str
    body: Mapping[str, Any]
    received_at: datetime
    attempts: int = 0
    deaths: int = 0


@dataclass(frozen=True)
class SetAside:
    """A request that is not retried any more, because processes died working on it."""

    key: str
    kind: str
    received_at: datetime
    set_aside_at: datetime

    def __str__(self) -> str:
        return (
            f"a {self.kind} of {self.received_at:%d %b %H:%M:%S} UTC, set aside {self.set_aside_at:%d %b %H:%M:%S} UTC"
        )


class DoneBefore(AlreadyDone):
    """An earlier attempt has already taken effect; whoever asked may not have heard of it."""


async def store(conn: Connection, request: Request, *, taken_over_at: datetime, holder: str | None = None) -> bool:
    """Store the request; False when it is stored already. The `holder` works on it until `taken_over_at`."""
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


async def decide(
    conn: Connection, request: Request, *, now: datetime, lease_until: datetime
) -> Literal["ours", "recorded", "never"]:
    """Find out about a commit that was not answered: `ours` to work on, `recorded` and somebody else's, or `never`
    stored and never will be. Idempotent."""
    values = {"key": request.key, "received_at": request.received_at}
    if await SQL.run(conn, "void", **values, kind=request.kind, now=now, error=NEVER_RECORDED):
        return "never"
    if await SQL.one(conn, "found", **values, due_at=lease_until):
        return "ours"
    return "never" if (await SQL.the(conn, "error_of", key=request.key))["error"] == NEVER_RECORDED else "recorded"


async def get(conn: Connection, key: str) -> Request | None:
    row = await SQL.one(conn, "by_key", key=key)
    return Request(**row) if row else None


async def claim_left_over(
    conn: Connection, *, now: datetime, lease_until: datetime, limit: int, own: Iterable[str], holder: str
) -> list[Request]:
    """Claim requests that nobody holds. `own`: those this process has in hand, whatever their rows say."""
    rows = await SQL.all(
        conn, "claim_left_over", now=now, lease_until=lease_until, limit=limit, own=list(own), holder=holder
    )
    return [Request(**row) for row in rows]


async def claim_suspect(
    conn: Connection, *, now: datetime, lease_until: datetime, own: Iterable[str], holder: str
) -> Request | None:
    """Claim a request whose holder has stopped renewing its lease; counts as one death."""
    row = await SQL.one(conn, "claim_suspect", now=now, lease_until=lease_until, own=list(own), holder=holder)
    return Request(**row) if row else None


async def renew(conn: Connection, own: Iterable[str], *, lease_until: datetime, holder: str) -> None:
    await SQL.run(conn, "renew", own=list(own), lease_until=lease_until, holder=holder)


async def take_in_hand(conn: Connection, request: Request, *, holder: str) -> bool:
    """Take a request that had to wait its turn; False when another process has taken it."""
    return await SQL.run(conn, "take_in_hand", key=request.key, attempts=request.attempts, holder=holder) == 1


async def once(conn: Connection, actor: Actor, now: datetime) -> None:
    """In a deed's transaction: mark its request as done. Raises DoneBefore when it was marked already."""
    if actor.request and not await SQL.run(conn, "mark_deed", key=actor.request, now=now):
        raise DoneBefore("This was done already.")


async def finish(conn: Connection, key: str, *, now: datetime, error: str | None = None) -> None:
    await SQL.run(conn, "finish", key=key, now=now, error=error)


async def put_back(conn: Connection, request: Request, *, now: datetime, wait: timedelta) -> None:
    """Start it again after `wait`, if this attempt is the latest."""
    await SQL.run(conn, "put_back", key=request.key, attempts=request.attempts, due_at=now + wait)


async def let_go(conn: Connection, own: Iterable[str], *, now: datetime, holder: str) -> None:
    await SQL.run(conn, "let_go", own=list(own), now=now, holder=holder)


async def set_aside(conn: Connection, request: Request, *, now: datetime, error: str) -> bool:
    """Never start it again; returns whether it had taken effect."""
    was_done: bool = (await SQL.the(conn, "set_aside", key=request.key, now=now, error=error))["was_done"]
    return was_done


async def all_set_aside(conn: Connection) -> list[SetAside]:
    return [SetAside(**row) for row in await SQL.all(conn, "all_set_aside")]


@dataclass(frozen=True)
class Dues:
    """When the next unheld request is due, and when the first lease of a held one expires."""

    free_at: datetime | None
    suspect_at: datetime | None


async def dues(conn: Connection) -> Dues:
    return Dues(**await SQL.the(conn, "next_due"))


async def next_due(conn: Connection) -> datetime | None:
    known = await dues(conn)
    return min((at for at in (known.free_at, known.suspect_at) if at), default=None)


async def forget_old(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_old", before=before)
