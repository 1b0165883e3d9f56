"""Checks what a server forbids everybody, or this account: writing, and the connections a backup or restore needs."""

from collections.abc import Sequence

from psycopg import AsyncConnection

from bot.dumpers._statements import Statements

SQL = Statements(__file__)

# One for the dump, one for its snapshot.
TO_DUMP = 2
COLLATIONS_HAVE_VERSIONS_SINCE = 150000


async def crowded(conn: AsyncConnection, needed: int) -> Sequence[str]:
    """The limits below `needed`, with what to type. `conn` is connected to the database whose limit matters."""
    return [words for (words,) in await (await conn.execute(SQL("crowded"), {"needed": needed})).fetchall()]


async def outdated(conn: AsyncConnection) -> Sequence[str]:
    """Why no database can be created after an upgrade of the server's operating system, with what to do; empty: it
    can."""
    if conn.info.server_version < COLLATIONS_HAVE_VERSIONS_SINCE:
        return []
    return [words for (words,) in await (await conn.execute(SQL("outdated"))).fetchall()]


async def read_only(conn: AsyncConnection) -> Sequence[str]:
    """Why nothing can be created on this server, with what to do; empty: it can."""
    return [words for (words,) in await (await conn.execute(SQL("read_only"))).fetchall()]
