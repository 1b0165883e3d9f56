"""Swaps a restored database for another: both are renamed in one transaction, or neither."""

import asyncio

from psycopg import AsyncConnection, errors

from bot.domain.errors import Rejected
from bot.dumpers._statements import Statements

SQL = Statements(__file__)

# Several times within the five seconds that PostgreSQL itself waits for the last connection to close.
END_CONNECTIONS_EVERY_S = 0.05


async def exchange_names(
    conn: AsyncConnection, other: AsyncConnection, *, scratch: str, target: str, aside: str | None
) -> None:
    """Rename the target to `aside` (None: there is no target) and the scratch database to the target.

    `conn` and `other` are connected to neither. Raises Rejected if a connection to the target can't be terminated.
    """
    if aside is None:
        await conn.execute(SQL("rename", old=scratch, new=target))
        return
    renaming = asyncio.create_task(_rename(conn, [(target, aside), (scratch, target)]))
    # The rename keeps new connections out but waits for existing ones, so we terminate those meanwhile.
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
