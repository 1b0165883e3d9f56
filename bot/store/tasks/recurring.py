"""The tables of recurring work: one row for each time a task is due."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime

from bot.domain.actor import TOCSIN
from bot.domain.errors import NotFound
from bot.domain.tasks.recurring import Occurrence
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


async def watch(conn: Connection, key: str, *, next_on: date, due_at: datetime, now: datetime) -> None:
    """Start its timer; does nothing if it exists."""
    await SQL.run(conn, "watch", key=key, next_on=next_on, due_at=due_at, now=now)


async def forget_others(conn: Connection, keys: Sequence[str]) -> None:
    """Forget what has left the runbook, and stop asking about its open occurrences."""
    await SQL.run(conn, "forget_others", keys=list(keys))
    await SQL.run(conn, "leave_others", keys=list(keys))


async def claim_due(conn: Connection, keys: Sequence[str], now: datetime) -> dict[str, date]:
    """When each was due next; locked until this transaction ends, skipping those another process holds."""
    return {row["key"]: row["next_on"] for row in await SQL.all(conn, "claim_due", keys=list(keys), now=now)}


async def move(conn: Connection, key: str, *, next_on: date, due_at: datetime, now: datetime) -> None:
    await SQL.run(conn, "move", key=key, next_on=next_on, due_at=due_at, now=now)


async def add(
    conn: Connection, key: str, what: str, every: str, *, due_on: date, due_at: datetime, look_at: datetime | None,
    posted_at: datetime | None,
) -> int | None:  # fmt: skip
    """Returns its id; None when it exists."""
    values = {"task": key, "what": what, "every": every, "due_on": due_on, "due_at": due_at, "look_at": look_at}
    row = await SQL.one(conn, "add", **values, posted_at=posted_at)
    return row["id"] if row else None


async def put_on_card(conn: Connection, ids: Sequence[int], card: int) -> None:
    """Show these in one message, identified by the id of the first."""
    await SQL.run(conn, "put_on_card", ids=list(ids), card=card)


async def on_card(conn: Connection, card: int) -> list[Occurrence]:
    """The occurrences in one message, in the order in which they were due."""
    return [_occurrence(row) for row in await SQL.all(conn, "on_card", card=card)]


async def earlier(conn: Connection, key: str, before: date) -> list[Occurrence]:
    """Open ones from before, locked until this transaction ends."""
    return [_occurrence(row) for row in await SQL.all(conn, "earlier", task=key, before=before)]


async def miss(conn: Connection, key: str, before: date, now: datetime) -> list[int]:
    """Mark open ones from before as missed; returns the cards they are on."""
    rows = await SQL.all(conn, "miss", task=key, before=before, now=now)
    return [row["card"] for row in rows if row["card"] is not None]


async def provable(conn: Connection, keys: Sequence[str]) -> list[Occurrence]:
    """Open ones of these tasks, locked until this transaction ends, skipping those another process holds."""
    return [_occurrence(row) for row in await SQL.all(conn, "provable", keys=list(keys))]


async def rounds(conn: Connection, keys: Sequence[str]) -> list[Occurrence]:
    """Open ones of these tasks, for one process at a time until this transaction ends; the others get none."""
    if not (await SQL.the(conn, "hold_rounds"))["is_held"]:
        return []
    return [_occurrence(row) for row in await SQL.all(conn, "rounds", keys=list(keys))]


async def open_or_proved(conn: Connection, keys: Sequence[str], since: datetime) -> list[Occurrence]:
    """What is due and open, oldest first; then what the bot found done since then."""
    return [_occurrence(row) for row in await SQL.all(conn, "open", keys=list(keys), bot=TOCSIN.name, since=since)]


async def claim_overdue(conn: Connection, now: datetime) -> list[Occurrence]:
    """Open ones that need a reminder, locked until this transaction ends."""
    return [_occurrence(row) for row in await SQL.all(conn, "claim_overdue", now=now)]


async def look_again(conn: Connection, occurrence_id: int, at: datetime) -> None:
    await SQL.run(conn, "look_again", id=occurrence_id, at=at)


async def get(conn: Connection, occurrence_id: int) -> Occurrence:
    """Raises NotFound."""
    return _found(await SQL.one(conn, "by_id", id=occurrence_id))


async def lock(conn: Connection, occurrence_id: int) -> Occurrence:
    """Locked for this transaction. Raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=occurrence_id))


async def done(conn: Connection, occurrence_id: int, *, by: str, evidence: str, now: datetime) -> None:
    await SQL.run(conn, "done", id=occurrence_id, by=by, evidence=evidence, now=now)


async def between(conn: Connection, begins: datetime, ends: datetime) -> list[Occurrence]:
    """Everything due in this period, oldest first."""
    return [_occurrence(row) for row in await SQL.all(conn, "between", begins=begins, ends=ends)]


def due_rows(keys: Sequence[str]) -> DueRows:
    return DueRows(SQL, {"keys": list(keys)})


def _occurrence(row: Row) -> Occurrence:
    return Occurrence(**{one.name: row[one.name] for one in fields(Occurrence)})


def _found(row: Row | None) -> Occurrence:
    if row is None:
        raise NotFound("There is no such task. `/health tasks` lists those of this month.")
    return _occurrence(row)
