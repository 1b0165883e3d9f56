"""The schema, brought up to date at start by whichever process comes first."""

import re
from functools import cache
from importlib import resources

from bot.store.connections import connected, must_be_sessions
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# Longer than the bot's everyday limits: a migration may rewrite a table, and four others wait for it.
LONGEST_MS = 600_000


async def migrate(url: str) -> list[str]:
    """Apply what is missing, in one transaction under an advisory lock; returns the names of what was applied.

    Safe when several processes start at once: one applies, the others wait and find nothing to do. Raises Unreachable,
    also behind a pooler that keeps no sessions.
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
    """What a newer version than this one has applied, oldest first."""
    applied = {str(row["name"]) for row in await SQL.all(conn, "applied")}
    return sorted(applied - names())


@cache
def names() -> frozenset[str]:
    """Of every migration of this version. Files do not change while a process runs."""
    return frozenset(name for name, _ in shipped())


def shipped() -> list[tuple[str, str]]:
    """Every migration of this version as (name, script), in the order they apply."""
    folder = resources.files("bot.store") / "migrations"
    scripts = (entry for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name))
    return sorted((entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in scripts)
