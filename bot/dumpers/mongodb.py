"""Dumps MongoDB with its own mongodump into one compressed archive, and reads it back.

mongodump gets the connection string as configuration through a pipe, so the password is neither in its arguments, which
everybody on the machine can see, nor in a file. We parse the archive ourselves, because mongorestore needs a server to
look into one.
"""

import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from bot.domain.errors import Rejected, Unreachable
from bot.domain.saying import fit_to_show, whole_to_show, with_going
from bot.dumpers import Content, Equipment, Tally
from bot.dumpers._mongodb_archive import Archive
from bot.dumpers._programs import (
    StallLimit,
    base_environment,
    end,
    every_program,
    killed,
    listen,
    pieces_of,
    start,
    what_it_says,
)
from bot.runbook.backups import MongodbBackup
from bot.wire.certificates import without_code

KIND = "mongodb"
SUFFIX = ".archive.gz"

USUAL_PORT = 27017
SELECT_WITHIN_MS = 10_000
# mongodump writes continuously, since it sorts nothing; but if its server dies, it waits for ever.
SILENT_FOR_AT_MOST_S = 300
# For the version from a server that is already connected.
ANSWER_WITHIN_MS = 60_000
# The version number from which MongoDB's tools are a separate product that supports every server.
OF_THEIR_OWN = 100

AS_DUMPED = "counted while it was dumped; the collections were read one after the other, not at one instant"
ADVICE = (
    "install MongoDB's Database Tools (package mongodb-database-tools of MongoDB's own repository, "
    "`brew install mongodb-database-tools`), and have them on the PATH"
)


async def equip(backup: MongodbBackup, folders: Sequence[Path]) -> Equipment:
    """The newest mongodump. One from the time when it was part of the server must not be older than the server."""
    server = await server_version(backup)
    found = sorted([tool for path in every_program("mongodump", folders) if (tool := await tool_at(path))])
    if not found:
        raise Rejected(f"mongodump is not installed: {ADVICE}")
    version, path = found[-1]
    if version[0] < OF_THEIR_OWN and version[:2] < _numbers(server)[:2]:
        raise Rejected(f"mongodump {written(version)} is older than MongoDB {server}: {ADVICE}")
    host, port = seeds_of(backup)
    source = {"server": host, "port": port, "database": backup.database}
    return Equipment(path, f"mongodump {written(version)}", f"MongoDB {server}", source=source)


async def foreseen(backup: MongodbBackup) -> Sequence[str]:
    """Nothing: what an account may read shows only when it reads."""
    return ()


async def dump(backup: MongodbBackup, equipment: Equipment, tally: Tally, *, quick: bool = False) -> Content:
    """Dump the database; without one in the runbook or the address, all of them."""
    program = await _started(backup, equipment)
    assert program.stdout and program.stderr
    progress, silence = _Progress(tally), StallLimit("mongodump", SILENT_FOR_AT_MOST_S)
    said = asyncio.create_task(listen(program.stderr, progress.understood))
    try:
        async for piece in pieces_of(program.stdout, silence):
            yield piece
        async with silence.limited():
            words, code = await said, await program.wait()
        if code != 0:
            failed = whole_to_show(killed(program) or complaint_in(words), backup.target.redactions())
            raise Unreachable(with_going(failed, failed) or "mongodump failed")
    finally:
        await end(program)
        said.cancel()
    tally.tables, tally.counts, tally.counted = len(progress.counts), progress.counts, AS_DUMPED


async def inspect(content: Content, folders: Sequence[Path]) -> None:
    """Reads all of it."""
    await count(content, folders)


async def count(content: Content, folders: Sequence[Path]) -> Mapping[str, int]:
    archive = Archive()
    async with aclosing(content) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(archive.feed, piece)
    archive.finish()
    return archive.counts


def address_of(backup: MongodbBackup) -> str:
    """The connection string with the database in its path. An authSource given by the old path stays the same."""
    scheme, _, rest = backup.target.reveal().partition("://")
    where, _, query = rest.partition("?")
    authority, _, named = where.partition("/")
    options = [option for option in query.split("&") if option]
    names = {option.partition("=")[0].lower() for option in options}
    if "@" in authority and named and backup.database_name and "authsource" not in names:
        options.append(f"authSource={named}")
    if "serverselectiontimeoutms" not in names:
        options.append(f"serverSelectionTimeoutMS={SELECT_WITHIN_MS}")
    database = quote(backup.database_name, safe="") if backup.database_name else named
    return f"{scheme}://{authority}/{database}?{'&'.join(options)}"


def seeds_of(backup: MongodbBackup) -> tuple[str, int]:
    """The hosts as the address names them, and the first one's port: which member of a set answers changes over
    time."""
    authority = backup.target.shown.partition("://")[2].partition("/")[0]
    seeds = [seed.rpartition(":") if ":" in seed else (seed, "", "") for seed in authority.split(",")]
    port = next((port for _, _, port in seeds[:1] if port.isdecimal()), str(USUAL_PORT))
    return ",".join(host for host, _, _ in seeds), int(port)


class _Progress:
    """Tracks the finished collections by mongodump's output."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.counts: dict[str, int] = {}

    def understood(self, line: str) -> bool:
        if found := re.search(r"done dumping (.+) \((\d+) documents?\)$", line):
            self.counts[found[1].replace("`", "")] = int(found[2])
            self._tally.tables_done = len(self.counts)
        return found is not None


async def _started(backup: MongodbBackup, equipment: Equipment) -> asyncio.subprocess.Process:
    configuration = json.dumps({"uri": address_of(backup)}).encode()
    reading, writing = os.pipe()
    try:
        # Fits into the pipe's buffer, so that this doesn't block.
        os.write(writing, configuration)
    finally:
        os.close(writing)
    try:
        return await start(
            equipment.program, "--config=/dev/stdin", "--archive", "--gzip", env=base_environment(),
            stdin=reading, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    finally:
        os.close(reading)


async def server_version(backup: MongodbBackup) -> str:
    """Raises Unreachable, without a password in it."""
    try:
        # In a thread: pymongo's async client leaks sockets if it is closed right after connecting.
        return await asyncio.to_thread(_asked_version, address_of(backup))
    except (PyMongoError, ValueError) as error:
        raise unreachable(error, backup) from error


def unreachable(error: Exception, backup: MongodbBackup) -> Unreachable:
    """The driver's message without its settings and password; if the server went away, that is said first."""
    said = without_code(str(error)).partition(", Timeout:")[0].partition(" (configured timeouts")[0]
    return Unreachable(with_going(said, fit_to_show(said, backup.target.redactions())))


def _asked_version(address: str) -> str:
    client: MongoClient[Mapping[str, object]] = MongoClient(address, socketTimeoutMS=ANSWER_WITHIN_MS)
    with client:
        return str(client.server_info()["version"])


async def tool_at(path: Path) -> tuple[list[int], Path] | None:
    """None if it doesn't run here."""
    version = re.search(rb"version: r?(\d+\.\d+\.\d+)", await what_it_says(path, "--version"))
    return (_numbers(version[1].decode()), path) if version else None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def written(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def complaint_in(said: bytes) -> str:
    """The line that says what failed, without its timestamp."""
    lines = [line.partition("\t")[2] or line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    failed = [line for line in lines if line.startswith("Failed:")]
    return (failed or lines[-1:] or ["it said nothing"])[0].removeprefix("Failed:").strip()
