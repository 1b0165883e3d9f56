"""The outbox: deliveries are written here first, then sent, then their outcome is recorded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from bot.store.pipelined import Connection
from bot.store.queries import Queries, ask_all
from bot.store.rows import Row, as_json

SQL = Queries(__file__)


class End(Protocol):
    """How a delivery ended: sent, refused, gave_up or cancelled."""

    @property
    def state(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def error(self) -> str | None: ...


@dataclass(frozen=True)
class Delivery:
    """A claimed row of the outbox. `fence` tells this claim from later ones; `unsure`: it may have been accepted.

    `tried_since`: the time until we give up counts from here. `known`: the subject as just written by whoever queued
    it; None when it has to be read.
    """

    id: int
    kind: str
    payload: Mapping[str, Any]
    fence: int
    attempts: int
    unsure: bool
    created_at: datetime
    tried_since: datetime
    lease_until: datetime
    priority: int
    lane: str | None
    way: str
    known: object = None

    @property
    def key(self) -> str:
        """The idempotency key for others. Includes the instant, because a new database counts from 1 again."""
        return f"{self.id}.{self.created_at.timestamp():.0f}"


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
    way: str = "slack",
    not_before: datetime | None = None,
) -> None:
    """Queue a delivery with the commit, due at once or at `due_at`; `not_before`: as if queued then."""
    row: Row = {"kind": kind, "payload": payload, "lane": lane, "way": way, "priority": priority}
    row |= {"created_at": not_before or now, "due_at": not_before or due_at or now}
    if key is None:
        await SQL.defer(conn, "put", **row)
    else:
        SQL.defer_to_commit(conn, "put_once", key=key, **row)


@dataclass(frozen=True)
class Lapse:
    """Another process's claim whose lease expired at `due_at`."""

    id: int
    due_at: datetime


@dataclass(frozen=True)
class InHand:
    """A delivery that its creator also carries; `known` as in Delivery."""

    payload: Mapping[str, Any]
    priority: int
    way: str
    known: object


def put_in_hand(
    conn: Connection,
    kind: str,
    given: Sequence[InHand],
    begin: Callable[[list[Delivery]], None],
    on_commit_unknown: Callable[[], None],
    *,
    now: datetime,
    lease_until: datetime,
    holder: str,
) -> None:
    """Insert these with the COMMIT as already claimed; after it they are started with `begin`, in order.

    `on_commit_unknown` as in Connection.at_commit: then call `let_go`.
    """

    def on_answer(made: list[Row]) -> None:
        begin([Delivery(**row, known=one.known) for row, one in zip(made, given, strict=True)])

    rows = as_json([{"kind": kind, "payload": one.payload, "priority": one.priority, "way": one.way} for one in given])
    values = {"rows": rows, "now": now, "lease_until": lease_until, "holder": holder}
    SQL.at_commit(conn, "put_in_hand", on_answer, on_commit_unknown, **values)


async def let_go(conn: Connection, kind: str, given: Sequence[InHand], *, now: datetime, holder: str) -> None:
    """Make claimable now those of these, put in hand and never started, that were committed."""
    payloads = [Jsonb(one.payload) for one in given]
    await SQL.run(conn, "let_go", kind=kind, payloads=payloads, now=now, holder=holder)


@dataclass(frozen=True)
class FreePlace:
    """Room for `free` more deliveries by this way, none less urgent than `lowest`."""

    way: str
    lowest: int
    free: int


@dataclass(frozen=True)
class Limit:
    """The other side refuses everything by this way, in the words `said`; a probe may try from `again_at` on."""

    way: str
    again_at: datetime
    said: str


@dataclass(frozen=True)
class Backlog:
    """What a look at the outbox found; `due_at`: when the next of the rest is due, as `next_due` says."""

    claimed: list[Delivery]
    due_at: datetime | None
    lapsed: list[Lapse]
    limits: list[Limit]


async def claim(
    conn: Connection,
    *,
    now: datetime,
    lease_until: datetime,
    lowest: int,
    free: int,
    believed: datetime,
    places: Sequence[FreePlace] = (),
    full: Sequence[str] = (),
    in_hand: Sequence[int] = (),
    over: Sequence[Lapse] = (),
    holder: str | None = None,
    unattended_since: datetime | None = None,
) -> Backlog:
    """Claim due deliveries, most urgent first: by each way up to `free`, none less urgent than `lowest`, except where
    `places` says otherwise. Takes over only those claims that are listed in `over`; also reports lapsed claims, except
    those `in_hand`.

    `believed`: what the database's clock should show; while it differs, nothing is claimed. `unattended_since`: a
    delivery due since before this had nobody to try it, so its time until we give up starts again.
    """
    values = {"now": now, "lease_until": lease_until, "lowest": lowest, "free": free, "holder": holder,
              "believed": believed, "places": _rows(places), "over": lapses_as_rows(over),
              "unattended_since": unattended_since}  # fmt: skip
    following = SQL, "next_due", {"now": now, "full": list(full)}
    lapsed, limited = (SQL, "lapsed", {"now": now, "in_hand": list(in_hand)}), (SQL, "limits", {"now": now})
    return _backlog(*await ask_all(conn, (SQL, "claim", values), following, lapsed, limited))


def _backlog(rows: list[Row], following: list[Row], lapsed: list[Row], limited: list[Row]) -> Backlog:
    claimed = sorted((Delivery(**row) for row in rows), key=lambda delivery: (delivery.priority, delivery.id))
    lapses, limits = [Lapse(**row) for row in lapsed], [Limit(**row) for row in limited]
    return Backlog(claimed, following[0]["due_at"], lapses, limits)


async def renew(conn: Connection, held: Sequence[Delivery], *, until: datetime) -> None:
    """Extend these leases to `until`; skips claims that are no longer ours."""
    await SQL.run(conn, "renew", rows=_claims(held), until=until)


async def close(conn: Connection, ended: Sequence[tuple[Delivery, End]], *, now: datetime) -> dict[int, bool]:
    """Record how these ended; returns the numbers of those recorded now, each with whether another delivery waits in
    its lane.

    `sent` is recorded even if somebody else has claimed the delivery since, or recorded another outcome.
    """
    rows = [
        {"id": delivery.id, "fence": delivery.fence, "state": end.state, "reference": end.reference, "error": end.error}
        for delivery, end in ended
    ]
    return {row["id"]: row["is_followed"] for row in await SQL.rows(conn, "close", rows, now=now)}


async def postpone(
    conn: Connection,
    delivery: Delivery,
    *,
    now: datetime,
    due_at: datetime,
    error: str,
    unsure: bool,
    was_tried: bool = True,
    put_off: bool = False,
) -> bool:
    """Schedule the next try; if the same key was queued again meanwhile, merge the two. `put_off`: `due_at` is its new
    planned time. False: the claim is no longer ours."""
    values: Row = {"id": delivery.id, "fence": delivery.fence, "due_at": due_at, "error": error, "unsure": unsure}
    values["was_tried"] = was_tried
    try:
        async with conn.transaction():
            if await SQL.run(conn, "postpone", **values, put_off=put_off):
                return True
    except UniqueViolation:
        # The same key was queued between our check and our update.
        pass
    return await SQL.run(conn, "merge", **values, now=now) == 1


async def bring_forward(conn: Connection, kinds: list[str], payload: Mapping[str, Any], now: datetime) -> None:
    """Make due now the deliveries that waited for what exists now."""
    await SQL.run(conn, "bring_forward", kinds=kinds, payload=Jsonb(payload), now=now)


async def next_due(conn: Connection, now: datetime, full: Sequence[str] = ()) -> datetime | None:
    """When the next waiting delivery is due or a lease expires; leaves out ways that are `full`, and leases already
    expired, which are left to the watch."""
    due_at: datetime | None = (await SQL.the(conn, "next_due", now=now, full=list(full)))["due_at"]
    return due_at


async def limits(conn: Connection, now: datetime) -> list[Limit]:
    """The ways that are limited now."""
    return [Limit(**row) for row in await SQL.all(conn, "limits", now=now)]


async def unfinished(conn: Connection) -> list[Row]:
    return await SQL.all(conn, "unfinished")


async def forget_old(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_old", before=before)


def lapses_as_rows(given: Sequence[Lapse]) -> Jsonb:
    return as_json([vars(one) for one in given])


def _rows(given: Sequence[FreePlace]) -> Jsonb:
    return as_json([vars(one) for one in given])


def _claims(held: Sequence[Delivery]) -> Jsonb:
    return as_json([{"id": delivery.id, "fence": delivery.fence} for delivery in held])
