"""Which backups are being read back on request, by any process."""

from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def under_way(conn: Connection, *, silent_since: datetime) -> set[int]:
    """Those being read, without those whose process has been silent since then.

    Locks out other requests until this transaction ends.
    """
    await SQL.one(conn, "hold")
    await SQL.run(conn, "forget", silent_since=silent_since)
    return {row["backup_id"] for row in await SQL.all(conn, "under_way")}


async def claim(conn: Connection, backup_id: int, now: datetime) -> None:
    await SQL.run(conn, "claim", backup_id=backup_id, now=now)


async def hear(conn: Connection, backup_id: int, now: datetime) -> None:
    """A heartbeat of the process that reads it."""
    await SQL.run(conn, "hear", backup_id=backup_id, now=now)


async def release(conn: Connection, backup_id: int) -> None:
    await SQL.run(conn, "release", backup_id=backup_id)
