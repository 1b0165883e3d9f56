"""Whatever breaks during a backup is reported, leaves nothing half-made, and touches no good backup."""

import asyncio
import json
import platform
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.domain.backups.backup import Backup
from bot.dumpers.local import MARK
from bot.store.backups import backups
from tests.full_disk import room_for
from tests.guarded import Guarded, guarded_postgres
from tests.stories.backups.backing_up import NewWorld, answered, cards, dump_files, dumps, keep, only_dump, runs
from tests.world import World, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


async def one_good_backup(world: World, folder: Path) -> list[str]:
    """Take a good backup, and return its files, which must be unchanged at the end."""
    await answered(world, "/backup run")
    assert [run.state for run in await runs(world)] == ["good"]
    return dumps(folder)


async def begun(world: World, folder: Path) -> Backup:
    """A running backup that no process is working on."""
    async with world.house.db.transaction() as conn:
        run = await backups.begin(
            conn, name="orders", started_by="tocsin", now=world.clock.now(), place=str(folder), machine="here",
            suffix=".dump",
        )  # fmt: skip
    assert run is not None
    return run


async def failed_and_nothing_else(world: World, folder: Path, good: list[str], why: str) -> None:
    assert [run.state for run in await runs(world)] == ["failed", "good"]
    assert dumps(folder) == good
    card, alert = map(words_of, cards(world)[-2:])
    assert card.startswith(f"🔴 *Backup 2 of orders* failed: {why}")
    assert alert.startswith("🟠 *High* Backup of orders failed")
    assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify latest")


async def test_a_backup_that_fills_the_disk_fails_and_leaves_nothing(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        good = await one_good_backup(world, folder)
        with room_for(1000):
            await answered(world, "/backup run")
        await failed_and_nothing_else(world, folder, good, f"{folder}: file too large")


async def test_the_partial_file_of_a_failed_backup_is_removed_by_the_next_good_one(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """An account that loses its right to write during an upload can't remove the partial file either."""
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        guarded.tell("ALTER DATABASE orders RENAME TO elsewhere")
        try:
            await answered(world, "/backup run")
        finally:
            guarded.tell("ALTER DATABASE elsewhere RENAME TO orders")
        (failed,) = await runs(world)
        assert failed.state == "failed"
        left = half_written(folder, failed.file)
        await answered(world, "/backup run")
        assert [run.state for run in await runs(world)] == ["good", "failed"]
        assert left.name not in dumps(folder)


def half_written(folder: Path, file: str) -> Path:
    left = folder / f".{file}.part"
    left.write_bytes(b"half")
    return left


async def test_a_backup_whose_database_server_stops_fails_and_leaves_nothing(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """The connections of pg_dump and of the row counts are terminated, as when a server is stopped."""
    address = guarded.database()
    async with new_world(runbook=keep(address, folder)) as world:
        good = await one_good_backup(world, folder)
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backups.run(world.house.people.actor("U0EVE"), "orders")
            await waits(guarded)
            own = holder.info.backend_pid
            guarded.tell(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'orders' AND pid <> {own}"
            )
            await world.settled()
        await failed_and_nothing_else(world, folder, good, "")
        assert "terminating connection" in words_of(cards(world)[-1])


async def test_a_backup_whose_process_died_after_the_dump_was_complete_is_recorded_as_good(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """All that is missing is the record of it."""
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        await one_good_backup(world, folder)
        second = await begun(world, folder)
        dump = only_dump(folder)
        for ending in ("", ".json"):
            shutil.copy(f"{dump}{ending}", f"{folder / second.file}{ending}")
        await world.passes(minutes=1)

        first, last = reversed(await runs(world))
        assert [first.state, last.state] == ["good", "good"]
        assert (last.size, last.sha256, last.counts) == (first.size, first.sha256, first.counts)
        assert "*Backup 2 of orders is valid*" in await answered(world, "/backup verify latest")
        assert words_of(cards(world)[-1]).startswith("✅ *Resolved* Backup of orders is lost")


async def test_the_manifest_of_a_lost_backup_without_a_dump_is_removed(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        good = await one_good_backup(world, folder)
        second = await begun(world, folder)
        (folder / f"{second.file}.json").write_text("{}")
        (folder / f".{second.file}.part").write_text("half")
        await world.passes(minutes=1)
        assert [run.state for run in await runs(world)] == ["lost", "good"]
        assert dumps(folder) == good


@pytest.mark.parametrize("named", [True, False])
async def test_the_files_of_a_lost_backup_are_swept_by_a_later_process_of_the_same_machine(
    new_world: NewWorld, guarded: Guarded, folder: Path, named: bool
) -> None:
    """Not by a process on another machine. The process that noticed the loss has died too."""
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        good = await one_good_backup(world, folder)
        second = await begun(world, folder)
        dump, half = only_dump(folder), folder / f".{second.file}.part"
        half.write_bytes(dump.read_bytes())
        shutil.copy(f"{dump}.json", f"{folder / second.file}.json")
        if named:
            half.rename(folder / second.file)
        now = world.clock.now()
        async with world.house.db.transaction() as conn:
            await backups.lose(conn, silent_since=now, own=[], now=now, again_at=now + timedelta(minutes=5))
        await world.passes(minutes=6)
        assert half.exists() or named, "it is none of this machine's"
        assert [run.state for run in await runs(world)] == ["lost", "good"]
        async with world.house.db.transaction() as conn:
            await conn.execute("UPDATE backups SET machine = %s", [platform.node()])
        await world.passes(minutes=6)
        assert [run.state for run in await runs(world)] == ["good" if named else "lost", "good"]
        assert named or dumps(folder) == good
        assert {run.sweep_at for run in await runs(world)} == {None}


async def test_a_backup_whose_folder_is_removed_fails_and_names_the_folder(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    address = guarded.database()
    async with new_world(runbook=keep(address, folder)) as world:
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.eve.types("/backup run", "#general")
            await waits(guarded)
            shutil.rmtree(folder)
        await world.settled()
        [failed] = await runs(world)
        assert failed.state == "failed" and str(folder) in (failed.error or "")


async def waits(server: Guarded) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'pg_dump'"
    while not server.ask(waiting):
        await asyncio.to_thread(lambda: None)


def unmounted(folder: Path) -> Path:
    """Leave an empty folder in place of the mounted disk, and return where the disk is now."""
    disk = folder.rename(folder.with_name("disk"))
    folder.mkdir()
    return disk


def mounted(disk: Path, folder: Path) -> None:
    folder.rmdir()
    disk.rename(folder)


async def test_a_backup_fails_if_the_disk_of_its_folder_is_not_mounted(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        await one_good_backup(world, folder)
        disk = unmounted(folder)
        await answered(world, "/backup run")
        assert (await runs(world))[0].state == "failed"
        assert f"{folder} is not the folder where the earlier backups are" in words_of(cards(world)[1])
        assert dumps(folder) == []

        mounted(disk, folder)
        await answered(world, "/backup run")
        assert (await runs(world))[0].state == "good"


async def test_a_folder_without_its_marker_is_recognised_by_the_backups_in_it(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        await one_good_backup(world, folder)
        (folder / MARK).unlink()
        await answered(world, "/backup run")
        assert (await runs(world))[0].state == "good"
        assert (folder / MARK).exists()


@pytest.mark.parametrize("edited", [True, False])
async def test_a_missing_or_edited_manifest_is_reported_and_rewritten(
    new_world: NewWorld, guarded: Guarded, folder: Path, edited: bool
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        await one_good_backup(world, folder)
        manifest = only_dump(folder).with_name(f"{only_dump(folder).name}.json")
        whole = json.loads(manifest.read_text())
        if edited:
            manifest.write_text(json.dumps(whole | {"sha256": "0" * 64}))
        else:
            manifest.unlink()
        said = await answered(world, "/backup verify")
        assert "is valid*" in said and "was rewritten" in said
        assert ("not what Tocsin had written" in said) == edited
        again = json.loads(manifest.read_text())
        assert {name: again[name] for name in whole if name != "took_seconds"} == {
            name: fact for name, fact in whole.items() if name != "took_seconds"
        }
        assert "was rewritten" not in await answered(world, "/backup verify")


async def test_the_backups_of_a_database_removed_from_the_runbook_are_still_listed(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    address = guarded.database()
    async with new_world(runbook=keep(address, folder)) as world:
        await one_good_backup(world, folder)
    async with new_world(runbook=keep(address, folder).replace("orders:", "payments:")) as world:
        for command in ("/backup list", "/backup list orders"):
            said = await answered(world, command)
            assert "`1` *orders* good" in said and "no longer in the runbook" in said


async def test_a_backup_half_deleted_by_a_process_that_died_is_not_shown_as_good(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """It had recorded that it would delete the first, and had removed its dump but not the manifest."""
    async with new_world(runbook=keep(guarded.database(), folder, facts=", keep: 36h")) as world:
        for _ in range(3):
            await answered(world, "/backup run")
        first, _, newest = sorted(dump_files(folder))
        async with world.house.db.transaction() as conn:
            await conn.execute(b"UPDATE backups SET started_at = started_at - interval '3 days' WHERE id < 3")
            await backups.removing(conn, 1, world.clock.now())
        first.unlink()
        await world.passes(minutes=2)
        assert [(run.id, run.state) for run in await runs(world)] == [(3, "good"), (2, "deleted"), (1, "deleted")]
        assert dumps(folder) == [newest.name, f"{newest.name}.json"]


async def test_the_partial_file_of_a_backup_given_up_as_lost_is_removed_after_a_later_good_one(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder, facts=", rpo: 30d")) as world:
        await answered(world, "/backup run")
        lost = await begun(world, folder)
        async with world.house.db.transaction() as conn:
            await conn.execute("UPDATE backups SET machine = %s", [platform.node()])
        await world.passes(minutes=2)
        part = folder / f".{lost.file}.part"
        part.write_bytes(b"half a dump")
        await answered(world, "/backup run")
        assert part.exists(), "it may live all the same"
        await world.passes(hours=2)
        await answered(world, "/backup run")
        assert not part.exists()
        assert "lost" in [run.state for run in await runs(world)]
