"""What a server allows nobody, or not this account: to write, and the connections that a backup or a restore takes."""

from collections.abc import Sequence

from psycopg import AsyncConnection

from bot.dumpers._statements import Statements

SQL = Statements(__file__)

# The dump and its snapshot.
TO_DUMP = 2
COLLATIONS_HAVE_VERSIONS_SINCE = 150000


async def crowded(conn: AsyncConnection, needed: int) -> Sequence[str]:
    """Which limit is below that, with what to type. `conn` leads to the database that the limit may be of."""
    return [words for (words,) in await (await conn.execute(SQL("crowded"), {"needed": needed})).fetchall()]


async def outdated(conn: AsyncConnection) -> Sequence[str]:
    """Why no database can be made on a server whose system has been upgraded, with what to do; none = one can."""
    if conn.info.server_version < COLLATIONS_HAVE_VERSIONS_SINCE:
        return []
    return [words for (words,) in await (await conn.execute(SQL("outdated"))).fetchall()]


async def read_only(conn: AsyncConnection) -> Sequence[str]:
    """Why nothing can be made on this server, with what to do; none = something can."""
    return [words for (words,) in await (await conn.execute(SQL("read_only"))).fetchall()]
