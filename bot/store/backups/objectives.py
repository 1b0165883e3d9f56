"""How old the last good backup of each database may grow: a timer is the row's due time."""

from collections.abc import Sequence
from datetime import datetime

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def lock(conn: Connection, name: str, now: datetime) -> tuple[datetime, bool]:
    """Held for this transaction: since when the runbook names it, and whether its objective is missed already."""
    await SQL.run(conn, "watch", name=name, now=now)
    row = await SQL.the(conn, "lock", name=name)
    return row["since"], row["due_at"] is None


async def expect(conn: Connection, name: str, due_at: datetime | None) -> None:
    """Look again then; None = the objective is missed, and only a good backup changes that."""
    await SQL.run(conn, "expect", name=name, due_at=due_at)


async def forget_others(conn: Connection, names: Sequence[str]) -> list[str]:
    """Those that the runbook does not name any more."""
    return [row["name"] for row in await SQL.all(conn, "forget_others", names=list(names))]


async def claim_due(conn: Connection, names: Sequence[str], now: datetime) -> list[str]:
    """Held for this transaction."""
    return [row["name"] for row in await SQL.all(conn, "claim_due", names=list(names), now=now)]


def due_rows(names: Sequence[str]) -> DueRows:
    return DueRows(SQL, {"names": list(names)})
