"""Restores MongoDB with its own mongorestore, under another name beside the target.

MongoDB can't swap two databases atomically. So once the scratch copy has been verified, the dump is restored a second
time, over the target.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from bot.domain.backups.drill import OURS
from bot.domain.backups.target import Prospect, Target
from bot.domain.errors import Rejected, Unreachable
from bot.domain.saying import fit_to_show, gone_away, with_going
from bot.dumpers import Content, Equipment, FreeSpace
from bot.dumpers._programs import StallLimit, base_environment, end, every_program, feed, killed, start
from bot.dumpers.mongodb import (
    ADVICE,
    SELECT_WITHIN_MS,
    complaint_in,
    seeds_of,
    server_version,
    tool_at,
    unreachable,
    written,
)
from bot.runbook.backups import MongodbBackup

RESTORES = "mongodb"
EXCHANGES = False

# Limit per count, for a collection of any size.
COUNT_WITHIN_MS = 2_400_000
ANSWER_WITHIN_MS = 60_000

T = TypeVar("T")
Client = MongoClient[dict[str, Any]]


async def ready(backup: MongodbBackup, folders: Sequence[Path], source: Mapping[str, Any] | None = None) -> Equipment:
    """The newest mongorestore."""
    target_of(backup)
    server = await server_version(backup)
    found = sorted([tool for path in every_program("mongorestore", folders) if (tool := await tool_at(path))])
    if not found:
        raise Rejected(f"mongorestore is not installed: {ADVICE}")
    version, path = found[-1]
    return Equipment(path, f"mongorestore {written(version)}", f"MongoDB {server}")


async def foreseen(backup: MongodbBackup) -> Sequence[str]:
    """Nothing: a MongoDB calls no functions while it is filled."""
    return ()


async def prospect(backup: MongodbBackup) -> Prospect:
    server, port = seeds_of(backup)
    database = target_of(backup)

    def look(client: Client) -> Prospect:
        stands = database in client.list_database_names()
        size = int(client[database].command("dbStats").get("dataSize", 0)) if stands else None
        return Prospect(Target(server, port, database, size=size), stands, needs=size)

    return await _asked(backup, look)


async def is_connected(backup: MongodbBackup, pid: int, since: datetime) -> bool:
    """Never: that question is about PostgreSQL."""
    return False


async def fill(
    backup: MongodbBackup,
    scratch: str,
    content: Content,
    equipment: Equipment,
    source: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    await _restore(backup, scratch, content, equipment)


async def dress(backup: MongodbBackup, scratch: str, source: Mapping[str, Any]) -> Sequence[str]:
    """Nothing to do: a MongoDB database has nothing but its content."""
    return ()


async def overwrite(backup: MongodbBackup, scratch: str, content: Content, equipment: Equipment, target: str) -> None:
    """Continues only while the scratch database exists. Whoever takes this process for dead drops it, which fences us
    off."""
    await _restore(backup, target, _while_there(backup, scratch, content), equipment, "--drop")
    await _asked(backup, lambda client: _drop_all_but(client, target, _brought_back(client, scratch)))


async def _while_there(backup: MongodbBackup, scratch: str, content: Content) -> Content:
    """The content, checking before each piece: a process that was frozen and wakes up must not write to the target."""
    with Client(_server_address(backup), socketTimeoutMS=COUNT_WITHIN_MS) as client:
        async with aclosing(content) as pieces:
            async for piece in pieces:
                await _in_thread(backup, lambda: _brought_back(client, scratch))
                yield piece


async def _restore(backup: MongodbBackup, database: str, content: Content, equipment: Equipment, *options: str) -> None:
    """Stops at the first error: half a database is none."""
    program = await _started(backup, database, equipment, options)
    assert program.stdin and program.stderr
    said = asyncio.create_task(program.stderr.read())
    try:
        silence = StallLimit("mongorestore")
        async with silence.limited():
            await feed(program.stdin, content, silence.heard)
            if await program.wait() != 0:
                complaint = killed(program) or complaint_in(await said)
                words = f"mongorestore: {fit_to_show(complaint, backup.target.redactions())}"
                raise Unreachable(with_going(words, words)) if gone_away(words) else Rejected(words)
    finally:
        await end(program)
        said.cancel()


async def counts(backup: MongodbBackup, database: str = "") -> Mapping[str, int]:
    """The documents of every collection, under their names in the target."""
    name = target_of(backup)

    def count(client: Client) -> Mapping[str, int]:
        held = client[database or name]
        found = [one["name"] for one in held.list_collections() if one.get("type", "collection") == "collection"]
        own = [collection for collection in found if not collection.startswith("system.")]
        return {f"{name}.{collection}": held[collection].count_documents({}) for collection in sorted(own)}

    return await _asked(backup, count)


async def ask(backup: MongodbBackup, database: str, question: str) -> object:
    """A question is MongoDB's count command: `{"count": "orders", "query": {"paid": true}}`."""
    try:
        command = json.loads(question)
    except ValueError:
        command = None
    if not isinstance(command, dict) or next(iter(command), "") != "count":
        raise Rejected(f'“{question}” is no question to a MongoDB: write for example {{"count": "orders"}}')
    return await _asked(
        backup, lambda client: client[database].command({**command, "maxTimeMS": ANSWER_WITHIN_MS})["n"]
    )


async def exists(backup: MongodbBackup, database: str = "") -> bool:
    name = database or target_of(backup)
    return await _asked(backup, lambda client: name in client.list_database_names())


async def disks(backup: MongodbBackup) -> Sequence[FreeSpace]:
    """The server's disk, as it reports it; empty if it doesn't."""
    facts = await _asked(backup, lambda client: client[target_of(backup)].command("dbStats"))
    total, used = facts.get("fsTotalSize"), facts.get("fsUsedSize")
    return [FreeSpace(int(total), int(total - used))] if total and used is not None else []


async def unseen(backup: MongodbBackup) -> str:
    return "" if await disks(backup) else "its server does not say"


async def drop(backup: MongodbBackup, scratch: str) -> None:
    if not scratch.startswith(OURS):
        raise Rejected(f"{scratch} is none of Tocsin's own databases")
    await _asked(backup, lambda client: client.drop_database(scratch))


def target_of(backup: MongodbBackup) -> str:
    """The name of the database. Raises Rejected if all of them are backed up together."""
    if name := backup.database:
        return name
    raise Rejected("all databases of its server are backed up together, and only one can be restored: add `database`")


def _collections(client: Client, database: str) -> set[str]:
    """Includes views, excludes the server's internal collections."""
    return {one["name"] for one in client[database].list_collections() if not one["name"].startswith("system.")}


def _brought_back(client: Client, scratch: str) -> set[str]:
    if found := _collections(client, scratch):
        return found
    raise Rejected(f"{scratch} is not there any more, or there is nothing in it")


def _drop_all_but(client: Client, database: str, wanted: set[str]) -> None:
    for collection in sorted(_collections(client, database) - wanted):
        client[database].drop_collection(collection)


def _server_address(backup: MongodbBackup) -> str:
    """The connection string without a database. The authSource stays the same."""
    scheme, _, rest = backup.target.reveal().partition("://")
    where, _, query = rest.partition("?")
    authority, _, named = where.partition("/")
    options = [option for option in query.split("&") if option]
    names = {option.partition("=")[0].lower() for option in options}
    if "@" in authority and named and "authsource" not in names:
        options.append(f"authSource={named}")
    if "serverselectiontimeoutms" not in names:
        options.append(f"serverSelectionTimeoutMS={SELECT_WITHIN_MS}")
    return f"{scheme}://{authority}/?{'&'.join(options)}"


async def _started(
    backup: MongodbBackup, database: str, equipment: Equipment, options: Sequence[str]
) -> asyncio.subprocess.Process:
    """The connection string goes through a pipe of its own, because stdin is the archive."""
    name = target_of(backup)
    reading, writing = os.pipe()
    try:
        os.write(writing, json.dumps({"uri": _server_address(backup)}).encode())
    finally:
        os.close(writing)
    try:
        return await start(
            equipment.program, f"--config=/dev/fd/{reading}", "--archive", "--gzip", "--stopOnError",
            f"--nsInclude={name}.*", f"--nsFrom={name}.*", f"--nsTo={database}.*", *options,
            env=base_environment(), pass_fds=(reading,),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    finally:
        os.close(reading)


async def _asked(backup: MongodbBackup, question: Callable[[Client], T]) -> T:
    def ask() -> T:
        with Client(_server_address(backup), socketTimeoutMS=COUNT_WITHIN_MS) as client:
            return question(client)

    return await _in_thread(backup, ask)


async def _in_thread(backup: MongodbBackup, ask: Callable[[], T]) -> T:
    """In a thread, as in the dumper. Raises Unreachable, without a password in it."""
    try:
        return await asyncio.to_thread(ask)
    except (PyMongoError, ValueError) as error:
        raise unreachable(error, backup) from error
