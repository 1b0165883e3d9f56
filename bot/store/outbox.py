"""Everything that leaves the house: first written down here, then sent, then its outcome recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from bot.store.queries import Connection, Queries, Row

SQL = Queries(__file__)


class End(Protocol):
    """What became of the last attempt: sent, refused, gave_up or cancelled."""

    @property
    def state(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def error(self) -> str | None: ...


@dataclass(frozen=True)
class Delivery:
    """A claimed row of the outbox. `fence` tells this claim from later ones; `unsure`: it may have been accepted."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    fence: int
    attempts: int
    unsure: bool
    created_at: datetime
    lease_until: datetime
    priority: int
    lane: str | None


async def put(
    conn: Connection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    priority: int,
    due_at: datetime | None = None,
    key: str | None = None,
    lane: str | None = None,
) -> None:
    """Write down, with the commit, that something is to leave, at once or at `due_at`."""
    row = {"kind": kind, "payload": payload, "key": key, "lane": lane, "priority": priority, "created_at": now}
    await SQL.later(conn, "put", once=key, **row, due_at=due_at or now)


async def claim(
    conn: Connection,
    *,
    now: datetime,
    lease_until: datetime,
    limit: int,
    lowest: int,
    in_hand: list[int],
    holder: str | None = None,
) -> list[Delivery]:
    """What is due, most urgent first; nothing less urgent than `lowest`, and nothing of `in_hand`."""
    values = {"now": now, "lease_until": lease_until, "limit": limit, "lowest": lowest, "in_hand": in_hand}
    rows = await SQL.all(conn, "claim", **values, holder=holder)
    return sorted((Delivery(**row) for row in rows), key=lambda delivery: (delivery.priority, delivery.id))


async def close(conn: Connection, ended: Sequence[tuple[Delivery, End]], *, now: datetime) -> set[int]:
    """Record how these came to their end; returns those whose claim was still ours, by number."""
    rows = [
        {"id": delivery.id, "fence": delivery.fence, "state": end.state, "reference": end.reference, "error": end.error}
        for delivery, end in ended
    ]
    return {row["id"] for row in await SQL.rows(conn, "close", rows, now=now)}


async def postpone(
    conn: Connection, delivery: Delivery, *, now: datetime, due_at: datetime, error: str, unsure: bool
) -> bool:
    """Try again then; when the same has been put in again meanwhile, that one does it. False: no longer ours."""
    values = {"id": delivery.id, "fence": delivery.fence, "due_at": due_at, "error": error, "unsure": unsure}
    try:
        async with conn.transaction():
            if await SQL.run(conn, "postpone", **values):
                return True
    except UniqueViolation:
        # It was put in between our look and our change.
        pass
    return await SQL.run(conn, "merge", **values, now=now) == 1


async def bring_forward(conn: Connection, kinds: list[str], payload: Mapping[str, Any], now: datetime) -> None:
    """Make due now what was waiting for a moment that has come."""
    await SQL.run(conn, "bring_forward", kinds=kinds, payload=Jsonb(payload), now=now)


async def next_due(conn: Connection) -> datetime | None:
    due_at: datetime | None = (await SQL.the(conn, "next_due"))["due_at"]
    return due_at


async def unfinished(conn: Connection) -> list[Row]:
    return await SQL.all(conn, "unfinished")


async def forget_old(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_old", before=before)
