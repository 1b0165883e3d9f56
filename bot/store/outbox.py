"""Everything that leaves the house: first written down here, then sent, then its outcome recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from bot.store.queries import Connection, Queries, Row

SQL = Queries(__file__)

End = Literal["sent", "refused", "gave_up", "cancelled"]


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
    """Write down that something is to leave, at once or at `due_at`."""
    values = {"kind": kind, "payload": Jsonb(payload), "key": key, "lane": lane, "priority": priority, "now": now}
    await SQL.run(conn, "put", **values, due_at=due_at or now)


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


async def close(
    conn: Connection,
    delivery: Delivery,
    state: End,
    *,
    now: datetime,
    reference: str | None = None,
    error: str | None = None,
) -> bool:
    """Record the outcome; False when the claim is no longer ours."""
    values = {"id": delivery.id, "fence": delivery.fence, "state": state, "now": now}
    return await SQL.run(conn, "close", **values, reference=reference, error=error) == 1


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
