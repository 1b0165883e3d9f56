"""Dumps PostgreSQL with its own pg_dump, and reads the dump with its own pg_restore."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from bot.domain.backups.backup import Damaged
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.saying import whole_to_show
from bot.dumpers import Content, Equipment, Tally
from bot.dumpers._copied_rows import CopiedRows
from bot.dumpers._postgresql import (
    advice,
    connect,
    environment_for,
    failed,
    hung_up_on,
    nearest,
    tools,
    translated,
    written,
)
from bot.dumpers._postgresql_filling import reader_of
from bot.dumpers._postgresql_limits import TO_DUMP, crowded
from bot.dumpers._postgresql_needs import source_of
from bot.dumpers._postgresql_snapshot import Snapshot
from bot.dumpers._postgresql_tables import unreadable_in
from bot.dumpers._programs import StallLimit, base_environment, end, feed, killed, listen, pieces_of, start, whole_error
from bot.runbook.backups import PostgresqlBackup

KIND = "postgresql"
SUFFIX = ".dump"

# So that a table somebody has locked doesn't block the backup for ever.
LOCK_WAIT_MS = 60_000
# For a few catalog queries: what it is and who owns it.
LOOK_WITHIN_S = 60
# Makes dumps a tenth larger than the default, at twice the speed.
QUICKLY = ["--compress=1"]
ANSWER_WITHIN_S = 60
# The beginnings of pg_dump's error messages and their continuations.
COMPLAINTS = ("pg_dump: error:", "pg_dump: fatal:", "pg_dump: detail:", "pg_dump: hint:")


async def equip(backup: PostgresqlBackup, folders: Sequence[Path]) -> Equipment:
    """The pg_dump of the server's version, otherwise the next newer one: an older one can't read the server."""
    server, source = await _server(backup)
    found = await tools("pg_dump", folders)
    wanted = server // 10000
    if not found:
        raise Rejected(f"pg_dump is not installed: {advice(wanted)}")
    fitting = [tool for tool in found if tool.major >= wanted]
    if not fitting:
        newest = found[-1].version
        raise Rejected(f"pg_dump {newest} cannot dump a PostgreSQL {written(server)}: {advice(wanted)}")
    chosen = nearest(fitting)
    return Equipment(chosen.path, f"pg_dump {chosen.version}", f"PostgreSQL {written(server)}", source=source)


async def foreseen(backup: PostgresqlBackup) -> Sequence[str]:
    """Connection limits, and whatever this account may not read."""
    looking = "looking at what its account may read"
    async with translated(backup), await connect(backup) as conn, hung_up_on(conn, ANSWER_WITHIN_S, looking):
        return [*await crowded(conn, TO_DUMP), *await unreadable_in(conn)]


async def dump(backup: PostgresqlBackup, equipment: Equipment, tally: Tally, *, quick: bool = False) -> Content:
    """In the custom format: compressed, and restorable by table. Rows are counted in the same snapshot if possible."""
    snapshot = await Snapshot.taken(backup, tally)
    try:
        options = [f"--snapshot={snapshot.id}"] if snapshot.id else []
        options += QUICKLY if quick else []
        async with aclosing(_dumped(backup, equipment, tally, options)) as pieces:
            async for piece in pieces:
                snapshot.count()
                yield piece
        await snapshot.counted()
    finally:
        await snapshot.close()


async def inspect(content: Content, folders: Sequence[Path]) -> None:
    """Have the newest pg_restore list the contents. It reads only the beginning; the checksum covers the rest."""
    async with aclosing(_restored(content, folders, "--list")) as pieces:
        async for _ in pieces:
            pass


async def count(content: Content, folders: Sequence[Path]) -> Mapping[str, int]:
    """Have the newest pg_restore write it out as SQL: every byte is decompressed, every row seen."""
    rows = CopiedRows()
    async with aclosing(_restored(content, folders, "--data-only", "--file=-")) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(rows.feed, piece)
    return rows.counts


async def _dumped(backup: PostgresqlBackup, equipment: Equipment, tally: Tally, options: Sequence[str]) -> Content:
    arguments = ["--format=custom", f"--lock-wait-timeout={LOCK_WAIT_MS}", "--no-password", "--verbose"]
    program = await start(
        equipment.program, *arguments, *options, env=environment_for(backup),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout and program.stderr
    said, silence = asyncio.create_task(listen(program.stderr, _Progress(tally).understood)), StallLimit("pg_dump")
    try:
        async for piece in pieces_of(program.stdout, silence):
            yield piece
        async with silence.limited():
            await program.wait()
        if program.returncode != 0:
            words = killed(program) or whole_error(await said, "pg_dump")
            raise failed(words, backup, program="pg_dump", otherwise=Unreachable)
        await said
    finally:
        await end(program)
        said.cancel()
    tally.tables_done = tally.tables or 0


class _Progress:
    """Tracks which table pg_dump is at, by its verbose output: the ones before it are done."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._begun = 0

    def understood(self, line: str) -> bool:
        if line.startswith("pg_dump: dumping contents of table "):
            self._tally.tables_done = self._begun
            self._begun += 1
        return line.startswith("pg_dump: ") and not line.startswith(COMPLAINTS)


async def _restored(content: Content, folders: Sequence[Path], *arguments: str) -> Content:
    """The output of pg_restore. Raises Damaged if it can't read the dump, Unanswered if it was killed."""
    found = await tools("pg_restore", folders)
    if not found:
        raise Rejected(f"pg_restore is not installed: {advice(0)}")
    _, whole = await reader_of(content, found)
    program = await start(
        found[-1].path, *arguments, env=base_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdin and program.stdout and program.stderr
    silence = StallLimit("pg_restore")
    said = asyncio.create_task(listen(program.stderr, lambda line: False))
    feeding = asyncio.create_task(feed(program.stdin, whole, silence.heard))
    try:
        async for piece in pieces_of(program.stdout, silence):
            yield piece
        async with silence.limited():
            await feeding
            await program.wait()
        if why := killed(program):
            raise Unanswered(f"pg_restore has not read it to its end: {why}")
        if program.returncode != 0:
            raise Damaged(f"pg_restore cannot read it: {whole_to_show(whole_error(await said, 'pg_restore'))}")
    finally:
        await end(program)
        said.cancel()
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _server(backup: PostgresqlBackup) -> tuple[int, Mapping[str, Any]]:
    """The version as PostgreSQL counts it, 160014, and the source of the dump. Raises a kind of Failed."""
    async with translated(backup), await connect(backup) as conn, hung_up_on(conn, LOOK_WITHIN_S, "looking at it"):
        return conn.info.server_version, await source_of(conn, conn.info.dbname)
