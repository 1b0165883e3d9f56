"""What a PostgreSQL database receives from another: it ends where the database is not the one in use any more."""

from psycopg import AsyncConnection

from bot.dumpers._statements import Statements

SQL = Statements(__file__)


async def disable(conn: AsyncConnection) -> None:
    """Every one of the database that `conn` leads to; it may be enabled again."""
    for name in await _names(conn):
        await conn.execute(SQL("disable", name=name))


async def remove(conn: AsyncConnection) -> None:
    """Without a word to the other server: what it keeps for a subscription of this name is not ours."""
    for name in await _names(conn):
        for step in ("disable", "loosen", "remove"):
            await conn.execute(SQL(step, name=name))


async def _names(conn: AsyncConnection) -> list[str]:
    return [name for (name,) in await (await conn.execute(SQL("subscriptions"))).fetchall()]
