"""Databases of ours on somebody's server that could not be removed so far."""

from datetime import datetime

from bot.domain.backups.drill import Leftover
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def find(conn: Connection, scratch: str) -> Leftover | None:
    row = await SQL.one(conn, "by_scratch", scratch=scratch)
    return Leftover(**row) if row else None


async def keep(conn: Connection, scratch: str, name: str, why: str, now: datetime) -> Leftover:
    """It is there still, because of that."""
    return Leftover(**await SQL.the(conn, "keep", scratch=scratch, name=name, why=why, now=now))


async def tell(conn: Connection, scratch: str, now: datetime) -> None:
    """It is an alert from now on."""
    await SQL.run(conn, "tell", scratch=scratch, now=now)


async def forget(conn: Connection, scratch: str) -> Leftover | None:
    """It is gone; as it was last, None = it was not left."""
    row = await SQL.one(conn, "forget", scratch=scratch)
    return Leftover(**row) if row else None
