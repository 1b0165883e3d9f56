"""Migrations: the first process to start brings the schema up to date."""

import re
from functools import cache
from importlib import resources

from bot.store.connections import connected, must_be_sessions
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# Longer than the everyday limits: a migration may rewrite a table while other processes wait for it.
LONGEST_MS = 600_000


async def migrate(url: str) -> list[str]:
    """Apply missing migrations in one transaction under an advisory lock; returns the names of those applied.

    Safe when several processes start at once: one applies, the others wait and then find nothing to do. Raises
    Unreachable, also behind a pooler in transaction mode.
    """
    async with connected(url) as conn:
        async with connected(url) as other:
            await must_be_sessions(conn, other)
        async with conn.transaction():
            return await _apply_missing(conn)


async def _apply_missing(conn: Connection) -> list[str]:
    await SQL.run(conn, "limits", longest_ms=str(LONGEST_MS))
    await SQL.run(conn, "one_at_a_time")
    await SQL.run(conn, "create_ledger")
    applied = {row["name"] for row in await SQL.all(conn, "applied")}
    missing = [(name, script) for name, script in shipped() if name not in applied]
    for name, script in missing:
        await conn.execute(script.encode())
        await SQL.run(conn, "record", name=name)
    if missing:
        await SQL.run(conn, "announce")
    return [name for name, _ in missing]


async def unknown(conn: Connection) -> list[str]:
    """Migrations applied by a newer version than this one, oldest first."""
    applied = {str(row["name"]) for row in await SQL.all(conn, "applied")}
    return sorted(applied - names())


@cache
def names() -> frozenset[str]:
    """The names of all migrations of this version. Cached: files don't change while a process runs."""
    return frozenset(name for name, _ in shipped())


def shipped() -> list[tuple[str, str]]:
    """All migrations of this version as (name, script), in the order in which they apply."""
    folder = resources.files("bot.store") / "migrations"
    scripts = (entry for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name))
    return sorted((entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in scripts)
