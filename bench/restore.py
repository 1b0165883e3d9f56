"""The overhead of a restore by the bot (verifying, comparing, setting properties, swapping) over pg_restore alone."""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.machine import machine
from bench.table import Table, met
from bot.dumpers import Equipment, Tally, local, postgresql, postgresql_restore, program_folders
from bot.runbook.backups import PostgresqlBackup
from bot.services.backups.long_work import side_by_side
from bot.services.backups.proofs import prove_written
from bot.store.embedded.server import EmbeddedPostgres, binaries

# Size of the database; TOCSIN_BENCH_RESTORE_MIB=128 for a quick look.
SIZE_MIB = int(os.environ.get("TOCSIN_BENCH_RESTORE_MIB", "655"))
TIMES = 3
LONGER_GOAL = 2.0
HOW = (
    f"A database of {SIZE_MIB} MiB in four tables, half of it random, each with a primary key and an index: "
    "`pg_restore` of its dump into an empty database, and every step of a restore by the bot, from approval to the "
    "exchange: the file read back against its checksum, restored beside the target, also by one pg_restore, its rows "
    "counted and compared, owner, rights and settings carried over, the names exchanged. Then again with the safety "
    f"backup of what is replaced, which is taken meanwhile. Alternating, {TIMES} times each; the median. "
    f"Goal: without the safety backup at most {LONGER_GOAL:g} times as long."
)
SETTINGS = {"fsync": "off", "max_wal_size": "4GB", "shared_buffers": "256MB"}
TABLES = ("clients", "orders", "lines", "events")
# Allowing for page and index overhead.
ROWS_A_MIB = 850
RANDOM = " || ".join(["md5(random()::text)"] * 15)
FILL = f"""
    CREATE TABLE {{0}} AS SELECT n, md5(n::text) AS code, {RANDOM} || repeat('stands twice', 40) AS text
        FROM generate_series(1, {{1}}) AS n;
    ALTER TABLE {{0}} ADD PRIMARY KEY (n);
    CREATE INDEX ON {{0}} (code);
"""
FILE, SAFETY, SCRATCH, BARE, ASIDE = (
    "kept.dump",
    "safety.dump",
    "tocsin_restore_1_bench",
    "bare",
    "tocsin_before_1_bench",
)
COLUMNS = ("restore", "median", "times as long", "goals met")


@dataclass(frozen=True)
class Kept:
    """A database and its backup."""

    backup: PostgresqlBackup
    address: str
    place: str
    size: int
    sha256: str
    tally: Tally
    source: Equipment


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    alone, ours, saved = [], [], []
    async with _kept(scratch) as kept:
        for _ in range(TIMES):
            alone.append(await _alone(kept))
            ours.append(await _timed(kept, _restored(kept)))
            saved.append(await _timed(kept, _saved_and_restored(kept)))
    return Table("restore", "a restore by the bot, and by pg_restore", HOW, on, COLUMNS, _rows(alone, ours, saved))


def _rows(alone: list[float], ours: list[float], saved: list[float]) -> list[tuple[str, ...]]:
    bare, restored, with_safety = (statistics.median(each) for each in (alone, ours, saved))
    return [
        ("pg_restore alone", f"{bare:.1f} s", "", ""),
        ("by the bot", f"{restored:.1f} s", f"{restored / bare:.2f}", met(restored / bare <= LONGER_GOAL)),
        ("by the bot, with the safety backup", f"{with_safety:.1f} s", f"{with_safety / bare:.2f}", ""),
    ]


@asynccontextmanager
async def _kept(scratch: Path) -> AsyncIterator[Kept]:
    server = EmbeddedPostgres(scratch / "kept", settings=SETTINGS)
    parts = conninfo_to_dict(await server.start())
    try:
        entrance = f"postgresql://{parts['user']}@/{{}}?host={parts['host']}"
        _tell(entrance.format(parts["dbname"]), "CREATE DATABASE shop")
        for table in TABLES:
            _tell(entrance.format("shop"), FILL.format(table, SIZE_MIB * ROWS_A_MIB // len(TABLES)))
        address = entrance.format("shop")
        backup = PostgresqlBackup.model_validate({"key": "kept", "postgresql": address})
        yield await _backed_up(backup, address, str(scratch / "kept-there"))
    finally:
        await server.stop()


async def _backed_up(backup: PostgresqlBackup, address: str, place: str) -> Kept:
    equipment, tally = await postgresql.equip(backup, _folders()), Tally()
    draft = await local.write(place, FILE, postgresql.dump(backup, equipment, tally), lambda size: None)
    await local.settle(draft, {})
    return Kept(backup, address, place, draft.size, draft.sha256, tally, equipment)


async def _alone(kept: Kept) -> float:
    _tell(kept.address, f"CREATE DATABASE {BARE} TEMPLATE template0")
    program = (await postgresql_restore.ready(kept.backup, _folders())).program
    begun_s = time.monotonic()
    restoring = await asyncio.create_subprocess_exec(
        program, f"--dbname={kept.address.replace('/shop?', f'/{BARE}?')}", str(Path(kept.place) / FILE)
    )
    assert await restoring.wait() == 0
    took_s = time.monotonic() - begun_s
    _tell(kept.address, f"DROP DATABASE {BARE}")
    return took_s


async def _timed(kept: Kept, restoring: Awaitable[None]) -> float:
    begun_s = time.monotonic()
    await restoring
    took_s = time.monotonic() - begun_s
    _tell(kept.address, f"DROP DATABASE {ASIDE}")
    return took_s


async def _restored(kept: Kept) -> None:
    await _read_back(kept)
    await _bring_back(kept)
    await _put_in_place(kept)


async def _saved_and_restored(kept: Kept) -> None:
    await _read_back(kept)
    await side_by_side(_save(kept), _bring_back(kept))
    await _put_in_place(kept)
    await local.remove(kept.place, SAFETY)


async def _read_back(kept: Kept) -> None:
    await postgresql_restore.prospect(kept.backup)
    await prove_written(local, kept.place, FILE, size=kept.size, sha256=kept.sha256)


async def _save(kept: Kept) -> None:
    tally = Tally()
    content = postgresql.dump(kept.backup, await postgresql.equip(kept.backup, _folders()), tally, quick=True)
    draft = await local.write(kept.place, SAFETY, content, lambda size: None)
    await postgresql.inspect(local.read_draft(draft), _folders())
    await local.settle(draft, {})


async def _bring_back(kept: Kept) -> None:
    backup, source = kept.backup, kept.source.source
    equipment = await postgresql_restore.ready(backup, _folders(), source)
    await postgresql_restore.fill(backup, SCRATCH, local.read(kept.place, FILE), equipment, source)
    assert await postgresql_restore.counts(backup, SCRATCH) == kept.tally.counts
    await postgresql_restore.dress(backup, SCRATCH, source)


async def _put_in_place(kept: Kept) -> None:
    assert await postgresql_restore.exchange(kept.backup, SCRATCH, ASIDE, "shop")


def _tell(address: str, statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        for statement in statements.split(";"):
            if statement.strip():
                conn.execute(statement.encode())


def _folders() -> Sequence[Path]:
    return program_folders(binaries())
