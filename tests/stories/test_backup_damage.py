"""Whatever breaks while a backup is made: it is told, nothing half-made stays, and no good backup is touched."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.domain.backup import Backup, file_name
from bot.store import backups
from tests.guarded import Guarded, guarded_postgres
from tests.stories.backing_up import NewWorld, answered, cards, dumps, keep, only_dump, runs
from tests.world import BEGINNING, World, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


async def one_good_backup(world: World, folder: Path) -> list[str]:
    """The files that must still be there, as they are, at the end."""
    await answered(world, "/backup run")
    assert [run.state for run in await runs(world)] == ["good"]
    return dumps(folder)


async def begun(world: World, folder: Path) -> Backup:
    """A run that nobody has in hand."""
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
async def test_a_disk_that_fills_up(new_world: NewWorld, guarded: Guarded, folder: Path) -> None:
    async with new_world(runbook=keep(guarded.database(), folder)) as world:
        good = await one_good_backup(world, folder)
        (folder / f".{file_name('orders', BEGINNING, 2, '.dump')}.part").symlink_to("/dev/full")
        await answered(world, "/backup run")
        await failed_and_nothing_else(world, folder, good, f"{folder}: no space left on device")


async def test_a_server_that_goes_away_in_the_middle(new_world: NewWorld, guarded: Guarded, folder: Path) -> None:
    """It ends the connections of pg_dump and of who counts, as it does when it is stopped."""
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


async def test_a_process_that_dies_when_its_dump_has_its_name_already_has_made_a_good_backup(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """All that is missing is that somebody writes it down."""
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
        assert words_of(cards(world)[-1]).startswith("✅ *Over* Backup of orders is lost")


async def test_a_lost_run_that_left_a_manifest_and_no_dump_leaves_nothing(
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


async def waits(server: Guarded) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'pg_dump'"
    while not server.ask(waiting):
        await asyncio.to_thread(lambda: None)
