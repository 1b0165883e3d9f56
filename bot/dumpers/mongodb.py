"""MongoDB, dumped by its own mongodump into one compressed archive, which is read back here.

The address goes to the program through a pipe that it reads as its configuration: neither its arguments, which are seen
by everybody on the machine, nor any file ever hold the password. The archive is read by ourselves, because mongorestore
looks into one only with a server at hand.
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
# It has nothing to sort, so it writes all the time; after its server died it would wait for ever.
SILENT_FOR_AT_MOST_S = 300
# The server's version, from one that has been reached.
ANSWER_WITHIN_MS = 60_000
# Since they are no part of the server any more, MongoDB's tools count from here, and read every server.
OF_THEIR_OWN = 100

AS_DUMPED = "counted while it was dumped; the collections were read one after the other, not at one instant"
ADVICE = (
    "install MongoDB's Database Tools (package mongodb-database-tools of MongoDB's own repository, "
    "`brew install mongodb-database-tools`), and have them on the PATH"
)


async def equip(backup: MongodbBackup, folders: Sequence[Path]) -> Equipment:
    """The newest mongodump there is. One of a time when it was a part of the server must be as new as the server."""
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
    """What an account may read is known only by reading it."""
    return ()


async def dump(backup: MongodbBackup, equipment: Equipment, tally: Tally, *, quick: bool = False) -> Content:
    """Without a database in the runbook or the address it is all of them."""
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
    """Read all of it."""
    await count(content, folders)


async def count(content: Content, folders: Sequence[Path]) -> Mapping[str, int]:
    archive = Archive()
    async with aclosing(content) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(archive.feed, piece)
    archive.finish()
    return archive.counts


def address_of(backup: MongodbBackup) -> str:
    """With the database in its path; whoever signs in where the address says still does when that is another one."""
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
    """The servers as the address names them, and the port of the first: which of a set answers changes by the hour."""
    authority = backup.target.shown.partition("://")[2].partition("/")[0]
    seeds = [seed.rpartition(":") if ":" in seed else (seed, "", "") for seed in authority.split(",")]
    port = next((port for _, _, port in seeds[:1] if port.isdecimal()), str(USUAL_PORT))
    return ",".join(host for host, _, _ in seeds), int(port)


class _Progress:
    """Which collections are done, as mongodump says it."""

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
        # Less than a pipe holds, so that this waits for nobody.
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
        # In a thread: the asynchronous client leaves sockets open when it is closed as soon as it has connected.
        return await asyncio.to_thread(_asked_version, address_of(backup))
    except (PyMongoError, ValueError) as error:
        raise unreachable(error, backup) from error


def unreachable(error: Exception, backup: MongodbBackup) -> Unreachable:
    """What MongoDB's driver said, without its settings and without a password; first that the server went away."""
    said = without_code(str(error)).partition(", Timeout:")[0].partition(" (configured timeouts")[0]
    return Unreachable(with_going(said, fit_to_show(said, backup.target.redactions())))


def _asked_version(address: str) -> str:
    client: MongoClient[Mapping[str, object]] = MongoClient(address, socketTimeoutMS=ANSWER_WITHIN_MS)
    with client:
        return str(client.server_info()["version"])


async def tool_at(path: Path) -> tuple[list[int], Path] | None:
    """None when it does not run here."""
    version = re.search(rb"version: r?(\d+\.\d+\.\d+)", await what_it_says(path, "--version"))
    return (_numbers(version[1].decode()), path) if version else None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def written(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def complaint_in(said: bytes) -> str:
    """The line that says what failed, without the time before it."""
    lines = [line.partition("\t")[2] or line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    failed = [line for line in lines if line.startswith("Failed:")]
    return (failed or lines[-1:] or ["it said nothing"])[0].removeprefix("Failed:").strip()
