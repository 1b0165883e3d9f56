"""Databases of Tocsin's own on somebody's server: gone when they are not needed."""

from psycopg import AsyncConnection, errors

from bot.dumpers._postgresql import connect, translated
from bot.dumpers._postgresql_subscriptions import remove
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup

SQL = Statements(__file__)


async def drop_scratch(conn: AsyncConnection, backup: PostgresqlBackup, scratch: str) -> None:
    """`conn` leads to another database of its server."""
    try:
        await conn.execute(SQL("drop", scratch=scratch))
    except errors.ObjectInUse:
        # One of a time when they were restored too; a server keeps a database that subscribes to another.
        async with translated(backup), await connect(backup, scratch) as inside:
            await remove(inside)
        await conn.execute(SQL("drop", scratch=scratch))
