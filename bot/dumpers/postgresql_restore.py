"""Restores PostgreSQL with its own pg_restore into a database of ours beside the target."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from psycopg import AsyncConnection

from bot.domain.backups.drill import OURS
from bot.domain.backups.target import Prospect, Target
from bot.domain.errors import Failed, Rejected, Unreachable
from bot.dumpers import Content, Equipment, FreeSpace
from bot.dumpers._postgresql import (
    advice,
    connect,
    hung_up_on,
    nearest,
    parameters_of,
    target_of,
    tools,
    translated,
    written,
)
from bot.dumpers._postgresql_disks import disks_at, folders_of, why_unseen
from bot.dumpers._postgresql_exchange import exchange_names
from bot.dumpers._postgresql_filling import fill_with
from bot.dumpers._postgresql_limits import outdated, read_only
from bot.dumpers._postgresql_needs import ignored_by, lacking, lend, needs_of, take_back
from bot.dumpers._postgresql_paths import pathless_in
from bot.dumpers._postgresql_properties import create, properties_of
from bot.dumpers._postgresql_properties import dress as dress_as
from bot.dumpers._postgresql_scratch import drop_scratch
from bot.dumpers._postgresql_subscriptions import disable
from bot.dumpers._postgresql_tables import Table, rows_of, tables_of
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup

RESTORES = "postgresql"
EXCHANGES = True
SQL = Statements(__file__)

# Databases that every server has, to connect to when the target itself is to be changed.
ENTRANCES = ("postgres", "template1")
COUNT_WITHIN_S = 3600
ANSWER_WITHIN_S = 60
# For creating, renaming or dropping a database, which takes minutes if it has many files.
DEED_WITHIN_S = 1800
# The server's own time-out comes first, and lets it still answer.
GRACE_S = 10


async def ready(
    backup: PostgresqlBackup, folders: Sequence[Path], source: Mapping[str, Any] | None = None
) -> Equipment:
    """The pg_restore of the server's version, otherwise the next newer one, as for pg_dump."""
    target = target_of(backup)
    async with _entrance(backup, ANSWER_WITHIN_S) as conn:
        server = conn.info.server_version
        stands = await _stands(conn, target)
        needs = await _needs(backup, target, stands=stands) if source is None else source
        lacks = [*await read_only(conn), *await outdated(conn), *await lacking(conn, target, needs)]
    found, wanted = await tools("pg_restore", folders), server // 10000
    if not found:
        raise Rejected(f"pg_restore is not installed: {advice(wanted)}")
    fitting = [tool for tool in found if tool.major >= wanted]
    if not fitting:
        raise Rejected(f"pg_restore {found[-1].version} is older than PostgreSQL {written(server)}: {advice(wanted)}")
    if lacks:
        raise Rejected("; ".join(lacks))
    chosen, others = nearest(fitting), [tool.path for tool in fitting]
    return Equipment(chosen.path, f"pg_restore {chosen.version}", f"PostgreSQL {written(server)}", others)


async def foreseen(backup: PostgresqlBackup) -> Sequence[str]:
    if not await exists(backup):
        return ()
    async with _within(backup, target_of(backup)) as conn:
        return await pathless_in(conn)


async def prospect(backup: PostgresqlBackup) -> Prospect:
    """Names the server we are actually connected to, whatever the address says."""
    database = target_of(backup)
    async with _entrance(backup, ANSWER_WITHIN_S) as conn:
        found = await (await conn.execute(SQL("prospect"), {"name": database})).fetchone()
        owner, size, connections = found or (None, None, None)
        (running,) = await (await conn.execute(SQL("running"))).fetchone() or (None,)
        target = Target(conn.info.host, conn.info.port, database, owner, size, running)
        blockers = await _blockers(conn, database)
    return Prospect(target, stands=found is not None, connections=connections, needs=size, blockers=blockers)


async def is_connected(backup: PostgresqlBackup, pid: int, since: datetime) -> bool:
    async with _entrance(backup, ANSWER_WITHIN_S) as conn:
        values = {"name": target_of(backup), "pid": pid, "since": since}
        row = await (await conn.execute(SQL("is_connected"), values)).fetchone()
    return row is not None and bool(row[0])


async def fill(
    backup: PostgresqlBackup,
    scratch: str,
    content: Content,
    equipment: Equipment,
    source: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Stops at the first error: half a database is none."""
    async with _entrance(backup) as conn:
        await create(conn, scratch, await _properties(conn, backup, source))
    async with _within(backup, scratch) as conn:
        lent = await lend(conn, source)
    await fill_with(backup, scratch, content, equipment)
    if lent:
        async with _within(backup, scratch) as conn:
            await take_back(conn, lent)


async def dress(backup: PostgresqlBackup, scratch: str, source: Mapping[str, Any]) -> Sequence[str]:
    async with _entrance(backup) as conn:
        lost = await dress_as(conn, scratch, await _properties(conn, backup, source))
        return [*lost, *await ignored_by(conn, source)]


async def counts(backup: PostgresqlBackup, database: str = "") -> Mapping[str, int]:
    """The rows of every table, in one snapshot."""
    async with _inside(backup, database, COUNT_WITHIN_S) as conn:
        return {table.name: await _rows(conn, table) for table in await tables_of(conn)}


async def ask(backup: PostgresqlBackup, database: str, question: str) -> object:
    """The first column of the first row; None without a row. Read-only."""
    asking = f"asking “{question}”"
    async with (
        _inside(backup, database, ANSWER_WITHIN_S) as conn,
        hung_up_on(conn, ANSWER_WITHIN_S + GRACE_S, asking),
    ):
        await conn.execute(SQL("as_its_people"))
        # Prepared, because that allows only one statement: a second one could end our read-only transaction.
        row = await (await conn.execute(question.encode(), prepare=True)).fetchone()
    return row[0] if row else None


async def exists(backup: PostgresqlBackup, database: str = "") -> bool:
    async with _entrance(backup) as conn:
        return await _stands(conn, database or target_of(backup))


async def number_of(backup: PostgresqlBackup, database: str) -> int | None:
    async with _entrance(backup) as conn:
        row = await (await conn.execute(SQL("number"), {"name": database})).fetchone()
    return int(row[0]) if row else None


async def exchange(backup: PostgresqlBackup, scratch: str, aside: str, target: str) -> bool:
    async with _entrance(backup) as conn, _entrance(backup) as other:
        stands = await _stands(conn, target)
        if blockers := await _blockers(conn, target):
            raise Rejected(f"{target} cannot be replaced: {'; '.join(blockers)}")
        await exchange_names(conn, other, scratch=scratch, target=target, aside=aside if stands else None)
        subscribes = await (await conn.execute(SQL("subscribes"), {"name": aside})).fetchone()
    if subscribes is not None:
        await _quieten(backup, aside)
    return stands


async def _quieten(backup: PostgresqlBackup, aside: str) -> None:
    """Disable its subscriptions. Only once it is out of use: a failed restore must not cut the live database off."""
    try:
        async with translated(backup), await connect(backup, aside) as conn, hung_up_on(conn, ANSWER_WITHIN_S, aside):
            await disable(conn)
    except Failed as error:
        raise Rejected(
            f"the restored data is in place, but {aside} may go on receiving what it subscribes to: "
            f"ALTER SUBSCRIPTION … DISABLE there ({error})"
        ) from error


async def disks(backup: PostgresqlBackup) -> Sequence[FreeSpace]:
    """Only for a server on this machine: PostgreSQL doesn't report free space, so its folders must be visible from
    here."""
    async with _entrance(backup) as conn:
        files, own, log = await folders_of(conn, target_of(backup))
    return await asyncio.to_thread(disks_at, files, own, log)


async def unseen(backup: PostgresqlBackup) -> str:
    async with _entrance(backup) as conn:
        files, own, _ = await folders_of(conn, target_of(backup))
        return await asyncio.to_thread(why_unseen, conn.info.host, conn.info.user, files, own)


async def drop(backup: PostgresqlBackup, scratch: str) -> None:
    if not scratch.startswith(OURS):
        raise Rejected(f"{scratch} is none of Tocsin's own databases")
    async with _entrance(backup) as conn:
        await drop_scratch(conn, backup, scratch)


async def _blockers(conn: AsyncConnection, database: str) -> list[str]:
    return [words for (words,) in await (await conn.execute(SQL("blockers"), {"name": database})).fetchall()]


async def _properties(conn: AsyncConnection, backup: PostgresqlBackup, source: Mapping[str, Any]) -> Mapping[str, Any]:
    """The target's own; if it's gone, those recorded in the backup, otherwise the server's defaults."""
    return await properties_of(conn, target_of(backup)) or source.get("properties") or {}


async def _needs(backup: PostgresqlBackup, target: str, *, stands: bool) -> Mapping[str, Any]:
    """The needs of the target as it is now, for callers without a backup at hand."""
    if not stands:
        return {}
    async with _inside(backup, target, ANSWER_WITHIN_S) as conn:
        return await needs_of(conn)


async def _rows(conn: AsyncConnection, table: Table) -> int:
    async with hung_up_on(conn, COUNT_WITHIN_S + GRACE_S, f"counting the rows of {table.name}"):
        return await rows_of(conn, table)


async def _stands(conn: AsyncConnection, database: str) -> bool:
    row = await (await conn.execute(SQL("stands"), {"name": database})).fetchone()
    return row is not None and bool(row[0])


@asynccontextmanager
async def _entrance(backup: PostgresqlBackup, within_s: int = DEED_WITHIN_S) -> AsyncIterator[AsyncConnection]:
    """A connection to the server, but not to the target."""
    async with translated(backup), await _enter(backup) as conn, hung_up_on(conn, within_s, "what it was asked"):
        yield conn


@asynccontextmanager
async def _within(backup: PostgresqlBackup, database: str) -> AsyncIterator[AsyncConnection]:
    async with (
        translated(backup),
        await connect(backup, database) as conn,
        hung_up_on(conn, ANSWER_WITHIN_S, "what it was asked"),
    ):
        yield conn


async def _enter(backup: PostgresqlBackup) -> AsyncConnection:
    """Connect through the first of `ENTRANCES` that works; otherwise raise the first one's error."""
    said: list[Unreachable] = []
    for name in [name for name in ENTRANCES if name != parameters_of(backup).get("dbname")]:
        try:
            return await connect(backup, name)
        except Unreachable as error:
            said.append(error)
    raise said[0]


@asynccontextmanager
async def _inside(backup: PostgresqlBackup, database: str, within_s: int) -> AsyncIterator[AsyncConnection]:
    """A read-only snapshot of a database, with row security off and a time-out."""
    async with translated(backup), await connect(backup, database) as conn:
        await conn.execute(SQL("read_only"))
        await conn.execute(SQL("within_limits"), {"milliseconds": str(within_s * 1000)})
        async with conn.transaction():
            yield conn
