"""Our databases on watched servers that could not be removed so far."""

from datetime import datetime

from bot.domain.backups.drill import Leftover
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def find(conn: Connection, scratch: str) -> Leftover | None:
    row = await SQL.one(conn, "by_scratch", scratch=scratch)
    return Leftover(**row) if row else None


async def keep(conn: Connection, scratch: str, name: str, why: str, now: datetime) -> Leftover:
    """It still exists, for this reason."""
    return Leftover(**await SQL.the(conn, "keep", scratch=scratch, name=name, why=why, now=now))


async def tell(conn: Connection, scratch: str, now: datetime) -> None:
    """An alert about it was raised."""
    await SQL.run(conn, "tell", scratch=scratch, now=now)


async def forget(conn: Connection, scratch: str) -> Leftover | None:
    """It is gone; returns its last state, None = it was not recorded."""
    row = await SQL.one(conn, "forget", scratch=scratch)
    return Leftover(**row) if row else None
