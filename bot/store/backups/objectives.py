"""How old each database's last good backup may become; each row's due time is a timer."""

from collections.abc import Sequence
from datetime import datetime

from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def lock(conn: Connection, name: str, now: datetime) -> tuple[datetime, bool]:
    """Lock it for this transaction; returns since when the runbook names it, and whether its objective is missed."""
    await SQL.run(conn, "watch", name=name, now=now)
    row = await SQL.the(conn, "lock", name=name)
    return row["since"], row["due_at"] is None


async def expect(conn: Connection, name: str, due_at: datetime | None) -> None:
    """Check again then; None = the objective is missed, and only a good backup changes that."""
    await SQL.run(conn, "expect", name=name, due_at=due_at)


async def forget_others(conn: Connection, names: Sequence[str]) -> list[str]:
    """Forget those the runbook no longer names; returns their names."""
    return [row["name"] for row in await SQL.all(conn, "forget_others", names=list(names))]


async def claim_due(conn: Connection, names: Sequence[str], now: datetime) -> list[str]:
    """Locked for this transaction."""
    return [row["name"] for row in await SQL.all(conn, "claim_due", names=list(names), now=now)]


def due_rows(names: Sequence[str]) -> DueRows:
    return DueRows(SQL, {"names": list(names)})
