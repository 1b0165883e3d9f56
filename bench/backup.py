"""The overhead of a backup through the bot (streaming, hashing, counting, inspecting) over pg_dump alone."""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.machine import machine
from bench.table import Table, met
from bot.dumpers import Equipment, Tally, local, postgresql
from bot.runbook.backups import PostgresqlBackup
from bot.store.embedded.server import EmbeddedPostgres, binaries

# Size of the database; TOCSIN_BENCH_BACKUP_MIB=256 for a quick look.
SIZE_MIB = int(os.environ.get("TOCSIN_BENCH_BACKUP_MIB", "2048"))
TIMES = 3
OVERHEAD_GOAL, MEMORY_GOAL_MIB = 0.15, 64
LOOK_EVERY_S = 0.02
HOW = (
    f"A database of {SIZE_MIB} MiB, half of it random, into a file: `pg_dump --format=custom` alone, and through the "
    "bot, with everything it does before the file gets its name: streamed, hashed, its rows counted in the same "
    f"snapshot, flushed to the disk, read by pg_restore. Alternating, {TIMES} times each; the median. Memory is the "
    f"most that the bot holds in addition. Goals: at most {OVERHEAD_GOAL:.0%} longer, less than {MEMORY_GOAL_MIB} MiB "
    "more."
)
SETTINGS = {"fsync": "off", "max_wal_size": "4GB", "shared_buffers": "256MB"}
ROWS_A_MIB = 1000
FILL = """
    CREATE TABLE filler AS SELECT n, md5(random()::text) || md5(random()::text) || md5(random()::text)
        || md5(random()::text) || md5(random()::text) || md5(random()::text) || md5(random()::text)
        || md5(random()::text) || md5(random()::text) || md5(random()::text) || md5(random()::text)
        || md5(random()::text) || md5(random()::text) || md5(random()::text) || md5(random()::text)
        || repeat('stands twice', 40) AS text FROM generate_series(1, %s) AS n
"""


@dataclass(frozen=True)
class Taken:
    seconds: float
    more_mib: float


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with _database(scratch) as backup:
        equipment = await postgresql.equip(backup, _folders())
        alone, ours = [], []
        for _ in range(TIMES):
            alone.append(await _alone(backup, equipment, scratch))
            ours.append(await _ours(backup, equipment, scratch))
    return Table("backup", "a backup through the bot, and without it", HOW, on, COLUMNS, _rows(alone, ours))


COLUMNS = ("backup", "median", "longer by", "memory more", "goals met")


def _rows(alone: list[float], ours: list[Taken]) -> list[tuple[str, ...]]:
    bare, taken = statistics.median(alone), statistics.median(one.seconds for one in ours)
    more, longer = max(one.more_mib for one in ours), taken / bare - 1
    well = longer <= OVERHEAD_GOAL and more < MEMORY_GOAL_MIB
    return [
        ("pg_dump alone", f"{bare:.1f} s", "", "", ""),
        ("through the bot", f"{taken:.1f} s", f"{longer:.1%}", f"{more:.0f} MiB", met(well)),
    ]


@asynccontextmanager
async def _database(scratch: Path) -> AsyncIterator[PostgresqlBackup]:
    server = EmbeddedPostgres(
        scratch / "kept", settings={"fsync": "off", "max_wal_size": "4GB", "shared_buffers": "256MB"}
    )
    parts = conninfo_to_dict(await server.start())
    try:
        with psycopg.connect(**parts, autocommit=True) as conn:  # type: ignore[arg-type]
            conn.execute(FILL.encode() % str(SIZE_MIB * ROWS_A_MIB).encode())
        address = f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"
        yield PostgresqlBackup.model_validate({"key": "kept", "postgresql": address})
    finally:
        await server.stop()


async def _alone(backup: PostgresqlBackup, equipment: Equipment, scratch: Path) -> float:
    file = scratch / "alone.dump"
    begun = time.monotonic()
    with file.open("wb") as out:
        arguments = ["--format=custom", backup.target.reveal()]
        program = await asyncio.create_subprocess_exec(equipment.program, *arguments, stdout=out)
        assert await program.wait() == 0
    taken = time.monotonic() - begun
    file.unlink()
    return taken


async def _ours(backup: PostgresqlBackup, equipment: Equipment, scratch: Path) -> Taken:
    place, tally, process = str(scratch / "kept-there"), Tally(), psutil.Process()
    before = process.memory_info().rss
    most = [before]
    looking = asyncio.create_task(_look(process, most))
    begun = time.monotonic()
    content = postgresql.dump(backup, equipment, tally)
    draft = await local.write(place, "kept.dump", content, lambda size: None)
    await postgresql.inspect(local.read_draft(draft), _folders())
    await local.settle(draft, _manifest(tally))
    taken = time.monotonic() - begun
    looking.cancel()
    assert tally.counts == {"public.filler": SIZE_MIB * ROWS_A_MIB}
    await local.remove(place, "kept.dump")
    return Taken(taken, (max(most) - before) / 2**20)


async def _look(process: psutil.Process, most: list[int]) -> None:
    while True:
        most.append(max(most.pop(), process.memory_info().rss))
        await asyncio.sleep(LOOK_EVERY_S)


def _manifest(tally: Tally) -> Mapping[str, object]:
    return {"counts": dict(tally.counts or {})}


def _folders() -> list[Path]:
    found = binaries()
    return [found] if found else []
