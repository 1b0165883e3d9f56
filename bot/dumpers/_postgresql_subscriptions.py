"""Ends the subscriptions of a PostgreSQL database that is no longer the one in use."""

from psycopg import AsyncConnection

from bot.dumpers._statements import Statements

SQL = Statements(__file__)


async def disable(conn: AsyncConnection) -> None:
    """Disable every subscription of the database that `conn` is connected to; this can be undone."""
    for name in await _names(conn):
        await conn.execute(SQL("disable", name=name))


async def remove(conn: AsyncConnection) -> None:
    """Drop every subscription without contacting the publisher: its replication slot of this name may not be ours."""
    for name in await _names(conn):
        for step in ("disable", "loosen", "remove"):
            await conn.execute(SQL(step, name=name))


async def _names(conn: AsyncConnection) -> list[str]:
    return [name for (name,) in await (await conn.execute(SQL("subscriptions"))).fetchall()]
