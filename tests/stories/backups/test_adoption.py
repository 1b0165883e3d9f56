"""The bot's host is lost: a new one with an empty database adopts the old folder or bucket, and a shell reads them."""

import json
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.store.migrations import migrate
from tests.commandline import tocsin
from tests.conftest import as_url
from tests.guarded import Guarded, guarded_postgres
from tests.postgres import SharedPostgres
from tests.stored_in_s3 import STORES, NewStore
from tests.stories.backups.backing_up import NewWorld, answered, cards, dump_files, dumps, keep, until_over
from tests.world import RUNBOOK, living, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
async def other_memory(postgres: SharedPostgres) -> AsyncIterator[str]:
    """A second, empty database of the bot's own."""
    conninfo = await postgres.new_database(await postgres.template("migrated", migrate))
    yield as_url(conninfo)
    await postgres.drop_database(conninfo)


async def test_a_new_bot_adopts_the_valid_backups_in_an_old_folder_and_says_how_many(
    new_world: NewWorld, other_memory: str, guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    runbook = keep(guarded.database(rows=7), folder)
    async with new_world(runbook=runbook) as world:
        for _ in range(3):
            await answered(world, "/backup run")
            await world.passes(minutes=1)
    oldest = min(dump_files(folder))
    for day, dump in enumerate(sorted(dump_files(folder)), start=1):
        _make_older(dump, f"2026-08-0{day}T02:00:00+00:00")
    oldest.write_bytes(oldest.read_bytes()[:-1] + b"?")
    (folder / "payments-20260801T020000Z-1.dump").write_bytes(b"somebody else's")

    async with living(other_memory, tmp_path, runbook=runbook) as world:
        said = "\n".join(map(words_of, cards(world)))
        assert "*2 earlier backups found and adopted*" in said
        assert f"`{oldest.name}`: its checksum" in said and "payments" not in said
        assert "last good backup 3 d 12 h ago" in await answered(world, "/backup")
        assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify latest")
        guarded.tell("ALTER ROLE keeper CREATEDB")
        await answered(world, "/backup drill")
        drill = (await world.house.backup_drills.last_of_each())["orders"]
        assert (drill.state, drill.backup_id) == ("passed", 1)
    # A restart adopts nothing twice.
    async with living(other_memory, tmp_path, runbook=runbook) as world:
        assert (await answered(world, "/backup list")).count(" good ") == 2


async def test_an_adopted_backup_is_kept_for_its_full_time_from_its_adoption(
    new_world: NewWorld, other_memory: str, guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    runbook = keep(guarded.database(rows=1), folder, facts=", keep: 36h")
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
    (old,) = dump_files(folder)
    _make_older(old, "2026-07-01T02:00:00+00:00")

    async with living(other_memory, tmp_path, runbook=runbook) as world:
        await world.passes(hours=12)
        await until_over(world)
        assert len(dump_files(folder)) == 2, "it is younger here than its time"
        await world.passes(hours=36)
        await until_over(world)
        assert old not in dump_files(folder)


def _make_older(dump: Path, started_at: str) -> None:
    beside = dump.with_name(f"{dump.name}.json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"started_at": started_at}))


@pytest.mark.parametrize("new_store", STORES.values(), ids=STORES)
async def test_a_new_bot_adopts_the_backups_in_a_bucket_and_the_shell_verifies_them(
    new_store: NewStore, new_world: NewWorld, other_memory: str, guarded: Guarded, tmp_path: Path
) -> None:
    with new_store() as store:
        # All stores of one process share their buckets.
        bucket = store.bucket("outlived")
        runbook = f"{RUNBOOK}backups:\n  orders: {{postgresql: '{guarded.database(rows=3)}', to: {bucket}/nightly}}\n"
        async with new_world(runbook=runbook, **store.environ) as world:
            await answered(world, "/backup run")
        other_world: NewWorld = partial(living, other_memory, tmp_path)
        async with other_world(runbook=runbook, **store.environ) as world:
            assert "*1 earlier backup found and adopted*" in words_of(cards(world)[0])
            assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify")
        seen = await tocsin("backups", f"{bucket}/nightly", "--verify", at=tmp_path, **store.environ)
        assert seen.code == 0 and "valid" in seen.out and "3 rows of 1 table" in seen.out


async def test_the_shell_lists_and_verifies_the_dumps_in_a_folder_without_database_or_slack(
    new_world: NewWorld, guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(rows=1), folder)) as world:
        await answered(world, "/backup run")
        await world.passes(minutes=1)
        await answered(world, "/backup run")
    old, new = sorted(dump_files(folder))

    listed = await tocsin("backups", str(folder), at=tmp_path)
    assert listed.code == 0 and listed.err == ""
    assert listed.out.index(new.name) < listed.out.index(old.name)
    assert "1 row of 1 table" in listed.out and "PostgreSQL 18" in listed.out and "valid" not in listed.out

    assert "valid" in (proved := await tocsin("backups", str(folder), "--verify", at=tmp_path)).out
    assert proved.code == 0
    new.write_bytes(new.read_bytes()[:-1] + b"?")
    old.with_name(f"{old.name}.json").unlink()
    broken = await tocsin("backups", str(folder), "--verify", at=tmp_path)
    assert broken.code == 1
    assert "damaged: its checksum" in broken.out and "no manifest" in broken.out
    assert len(dumps(folder)) == 3, "reading changes nothing"


async def test_without_a_place_the_shell_looks_in_the_folders_of_the_runbook(
    new_world: NewWorld, guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    runbook = keep(guarded.database(rows=1), folder)
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
    (tmp_path / "runbook.yml").write_text(runbook)
    assert str(folder) in (await tocsin("backups", at=tmp_path)).out

    (tmp_path / "runbook.yml").unlink()
    (tmp_path / "home" / "backups").mkdir(parents=True)
    alone = await tocsin("backups", at=tmp_path)
    assert alone.code == 0 and "no dumps" in alone.out and "name another PLACE" in alone.err
    assert "no such folder" in (await tocsin("backups", str(tmp_path / "nowhere"), at=tmp_path)).err
