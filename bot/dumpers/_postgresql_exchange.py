"""Puts a restored database into the place of another: both names change in one instant, or none does."""

import asyncio

from psycopg import AsyncConnection, errors

from bot.domain.errors import Rejected
from bot.dumpers._statements import Statements

SQL = Statements(__file__)

# PostgreSQL itself waits five seconds for the last connection to go.
END_CONNECTIONS_EVERY_S = 0.05


async def exchange_names(
    conn: AsyncConnection, other: AsyncConnection, *, scratch: str, target: str, aside: str | None
) -> None:
    """`aside` is what the target is called from now on; None = there is no target. `conn` and `other` lead to neither.

    Raises Rejected when a connection to the target cannot be ended.
    """
    if aside is None:
        await conn.execute(SQL("rename", old=scratch, new=target))
        return
    renaming = asyncio.create_task(_rename(conn, [(target, aside), (scratch, target)]))
    # Nobody can enter while a name is being changed; whoever is inside already has to be asked to leave meanwhile.
    try:
        while not renaming.done():
            await _end_connections(other, [target, scratch])
            await asyncio.wait({renaming}, timeout=END_CONNECTIONS_EVERY_S)
        await renaming
    finally:
        if not renaming.done():
            renaming.cancel()
            await asyncio.wait({renaming})


async def _rename(conn: AsyncConnection, names: list[tuple[str, str]]) -> None:
    async with conn.transaction():
        for old, new in names:
            await conn.execute(SQL("rename", old=old, new=new))


async def _end_connections(conn: AsyncConnection, databases: list[str]) -> None:
    try:
        await conn.execute(SQL("end_connections"), {"databases": databases})
    except errors.InsufficientPrivilege as error:
        raise Rejected("somebody is connected to it whose connection this account may not end") from error
