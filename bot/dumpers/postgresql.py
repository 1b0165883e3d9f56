"""PostgreSQL, dumped by its own pg_dump and looked into by its own pg_restore."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.domain.backup import Damaged
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.saying import cause_of, fit_to_show
from bot.dumpers import Content, Equipment
from bot.dumpers._postgresql import advice, connect, environment_for, tools, written
from bot.dumpers._programs import base_environment, end, feed, last_error
from bot.runbook.backups import PostgresqlBackup

KIND = "postgresql"
SUFFIX = ".dump"

PIECE_BYTES = 1024 * 1024
# A table that somebody holds locked must not hold the backup for ever.
LOCK_WAIT_MS = 60_000
# Long enough to sort the largest table, short enough to be noticed the same night.
SILENT_FOR_AT_MOST_S = 1800
INSPECT_WITHIN_S = 600


async def equip(backup: PostgresqlBackup, folders: Sequence[Path]) -> Equipment:
    """The pg_dump whose version is the server's, else the next newer one: an older one cannot read the server."""
    server = await _server_version(backup)
    found = await tools("pg_dump", folders)
    wanted = server // 10000
    if not found:
        raise Rejected(f"pg_dump is not installed: {advice(wanted)}")
    fitting = [tool for tool in found if tool.major >= wanted]
    if not fitting:
        newest = found[-1].version
        raise Rejected(f"pg_dump {newest} cannot dump a PostgreSQL {written(server)}: {advice(wanted)}")
    return Equipment(fitting[0].path, f"pg_dump {fitting[0].version}", f"PostgreSQL {written(server)}")


async def dump(backup: PostgresqlBackup, equipment: Equipment) -> Content:
    """In the custom format: compressed, and restorable table by table."""
    arguments = ["--format=custom", f"--lock-wait-timeout={LOCK_WAIT_MS}", "--no-password"]
    program = await asyncio.create_subprocess_exec(
        equipment.program, *arguments, env=environment_for(backup), limit=PIECE_BYTES,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout and program.stderr
    said = asyncio.create_task(program.stderr.read())
    try:
        while piece := await _next_piece(program.stdout):
            yield piece
        if await program.wait() != 0:
            raise Unreachable(cause_of(last_error(await said), backup.target.redactions()) or "pg_dump failed")
    finally:
        await end(program)
        said.cancel()


async def inspect(content: Content, folders: Sequence[Path]) -> None:
    """Have the newest pg_restore list what is in it. It reads the beginning: the checksum covers the rest."""
    found = await tools("pg_restore", folders)
    if not found:
        raise Rejected(f"pg_restore is not installed: {advice(0)}")
    program = await asyncio.create_subprocess_exec(
        found[-1].path, "--list", env=base_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdin and program.stderr
    said = asyncio.create_task(program.stderr.read())
    try:
        async with asyncio.timeout(INSPECT_WITHIN_S):
            await feed(program.stdin, content)
            if await program.wait() != 0:
                raise Damaged(f"pg_restore cannot read it: {fit_to_show(last_error(await said))}")
    except TimeoutError as error:
        raise Unanswered("pg_restore did not come to an end") from error
    finally:
        await end(program)
        said.cancel()


async def _next_piece(stdout: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(SILENT_FOR_AT_MOST_S):
            return await stdout.read(PIECE_BYTES)
    except TimeoutError as error:
        raise Unanswered(f"pg_dump has been silent for {SILENT_FOR_AT_MOST_S // 60} minutes") from error


async def _server_version(backup: PostgresqlBackup) -> int:
    """As PostgreSQL counts: 160014. Raises Unreachable, without a password in it."""
    conn = await connect(backup)
    version = conn.info.server_version
    await conn.close()
    return version
