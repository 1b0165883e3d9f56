"""PostgreSQL, dumped by its own pg_dump and looked into by its own pg_restore.

The connection goes to the programs in their environment, never in their arguments: those are seen by everybody on the
machine. What is not said in the address is the programs' own default, as with psql.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from bot.domain.backup import Damaged
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.saying import cause_of, fit_to_show
from bot.dumpers import Content, Equipment
from bot.runbook.backups import PostgresqlBackup

KIND = "postgresql"
SUFFIX = ".dump"

PIECE_BYTES = 1024 * 1024
CONNECT_TIMEOUT_S = 10
# A table that somebody holds locked must not hold the backup for ever.
LOCK_WAIT_MS = 60_000
# Long enough to sort the largest table, short enough to be noticed the same night.
SILENT_FOR_AT_MOST_S = 1800
INSPECT_WITHIN_S = 600
VERSION_WITHIN_S = 20

# Of our own environment, what a program needs to run; none of our secrets.
KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class Tool:
    """A program that was found. `version` is as it says it: 16.14."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


async def equip(backup: PostgresqlBackup, folders: Sequence[Path]) -> Equipment:
    """The pg_dump whose version is the server's, else the next newer one: an older one cannot read the server."""
    server = await _server_version(backup)
    tools = await _found("pg_dump", folders)
    wanted = server // 10000
    if not tools:
        raise Rejected(f"pg_dump is not installed: {_advice(wanted)}")
    fitting = [tool for tool in tools if tool.major >= wanted]
    if not fitting:
        newest = tools[-1].version
        raise Rejected(f"pg_dump {newest} cannot dump a PostgreSQL {_written(server)}: {_advice(wanted)}")
    return Equipment(fitting[0].path, f"pg_dump {fitting[0].version}", f"PostgreSQL {_written(server)}")


async def dump(backup: PostgresqlBackup, equipment: Equipment) -> Content:
    """In the custom format: compressed, and restorable table by table."""
    arguments = ["--format=custom", f"--lock-wait-timeout={LOCK_WAIT_MS}", "--no-password"]
    program = await asyncio.create_subprocess_exec(
        equipment.program, *arguments, env=_environment(backup), limit=PIECE_BYTES,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout and program.stderr
    said = asyncio.create_task(program.stderr.read())
    try:
        while piece := await _next_piece(program.stdout):
            yield piece
        if await program.wait() != 0:
            raise Unreachable(cause_of(_last_error(await said), backup.target.redactions()) or "pg_dump failed")
    finally:
        await _end(program)
        said.cancel()


async def inspect(content: Content, folders: Sequence[Path]) -> None:
    """Have the newest pg_restore list what is in it. It reads the beginning: the checksum covers the rest."""
    tools = await _found("pg_restore", folders)
    if not tools:
        raise Rejected(f"pg_restore is not installed: {_advice(0)}")
    program = await asyncio.create_subprocess_exec(
        tools[-1].path, "--list", env=_base_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdin and program.stderr
    said = asyncio.create_task(program.stderr.read())
    try:
        async with asyncio.timeout(INSPECT_WITHIN_S):
            await _feed(program.stdin, content)
            if await program.wait() != 0:
                raise Damaged(f"pg_restore cannot read it: {fit_to_show(_last_error(await said))}")
    except TimeoutError as error:
        raise Unanswered("pg_restore did not come to an end") from error
    finally:
        await _end(program)
        said.cancel()


async def _feed(stdin: asyncio.StreamWriter, content: Content) -> None:
    """Until the program has seen enough and closes its end."""
    async with aclosing(content) as pieces:
        with suppress(BrokenPipeError, ConnectionResetError):
            async for piece in pieces:
                stdin.write(piece)
                await stdin.drain()
    stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


async def _next_piece(stdout: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(SILENT_FOR_AT_MOST_S):
            return await stdout.read(PIECE_BYTES)
    except TimeoutError as error:
        raise Unanswered(f"pg_dump has been silent for {SILENT_FOR_AT_MOST_S // 60} minutes") from error


async def _end(program: asyncio.subprocess.Process) -> None:
    """Nothing of ours runs on when we have stopped reading it."""
    if program.returncode is None:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()


async def _server_version(backup: PostgresqlBackup) -> int:
    """As PostgreSQL counts: 160014. Raises Unreachable, without a password in it."""
    parameters = _parameters(backup) | {"connect_timeout": str(CONNECT_TIMEOUT_S)}
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            conn = await AsyncConnection.connect(**parameters)  # type: ignore[arg-type]
    except TimeoutError as error:
        raise Unreachable(f"the server did not answer within {CONNECT_TIMEOUT_S}s") from error
    except (psycopg.Error, OSError) as error:
        raise Unreachable(cause_of(str(error), backup.target.redactions())) from error
    version = conn.info.server_version
    await conn.close()
    return version


async def _found(name: str, folders: Sequence[Path]) -> list[Tool]:
    """Every program of this name, on the PATH and in the folders, oldest version first."""
    places = [shutil.which(name), *(shutil.which(name, path=str(folder)) for folder in folders)]
    tools = [await _tool(Path(place)) for place in dict.fromkeys(places) if place]
    return sorted((tool for tool in tools if tool), key=lambda tool: [int(part) for part in tool.version.split(".")])


async def _tool(path: Path) -> Tool | None:
    """None when it is there but does not say its version: it does not run here."""
    try:
        program = await asyncio.create_subprocess_exec(
            path, "--version", env=_base_environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    try:
        async with asyncio.timeout(VERSION_WITHIN_S):
            said, _ = await program.communicate()
    except TimeoutError:
        return None
    finally:
        await _end(program)
    version = re.search(rb"\(PostgreSQL\) (\d+(?:\.\d+)*)", said)
    return Tool(path, version[1].decode()) if version else None


def _parameters(backup: PostgresqlBackup) -> dict[str, str]:
    """The connection, part by part. The runbook may name another database than the address does."""
    try:
        parameters = conninfo_to_dict(backup.target.reveal())
    except psycopg.Error as error:
        raise Rejected("its address cannot be read") from error
    named = {name: str(value) for name, value in parameters.items() if value is not None}
    return named | ({"dbname": backup.database} if backup.database else {})


def _environment(backup: PostgresqlBackup) -> Mapping[str, str]:
    """The connection as libpq's own variables; what has none, such as keepalives, keeps its default."""
    variables = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    named = {variables[name]: value for name, value in _parameters(backup).items() if variables.get(name)}
    return _base_environment() | {variable.decode(): value for variable, value in named.items() if variable}


def _base_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"}


def _last_error(said: bytes) -> str:
    """The line that says what went wrong: the first error, else the last word."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line]
    line = (errors or lines[-1:] or ["it said nothing"])[0]
    return line.partition("error:")[2].strip() or line


def _written(version: int) -> str:
    return f"{version // 10000}.{version % 10000}"


def _advice(major: int) -> str:
    """How to get the programs, of at least this version; 0 = of any."""
    programs = f"PostgreSQL's client programs, version {major} or newer" if major else "PostgreSQL's client programs"
    package = f"postgresql-client-{major}" if major else "postgresql-client"
    return f"install {programs} (`apt install {package}`, `brew install libpq`), and have them on the PATH"
