"""Removes Tocsin's own databases from somebody's server when they are no longer needed."""

from psycopg import AsyncConnection, errors

from bot.dumpers._postgresql import connect, translated
from bot.dumpers._postgresql_subscriptions import remove
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup

SQL = Statements(__file__)


async def drop_scratch(conn: AsyncConnection, backup: PostgresqlBackup, scratch: str) -> None:
    """Drop the scratch database. `conn` is connected to another database of its server."""
    try:
        await conn.execute(SQL("drop", scratch=scratch))
    except errors.ObjectInUse:
        # Subscriptions used to be restored as well, and a database that has any can't be dropped.
        async with translated(backup), await connect(backup, scratch) as inside:
            await remove(inside)
        await conn.execute(SQL("drop", scratch=scratch))
