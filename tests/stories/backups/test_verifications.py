"""Verifying backups is expensive: only for people with the permission, once per backup and two at a time in all."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.store.backups import verifications
from bot.store.database import Database
from tests.guarded import Guarded, guarded_postgres
from tests.stories.backups.backing_up import NewWorld, answered, keep

EVE = Actor("eve")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
def address(guarded: Guarded) -> str:
    return guarded.database("orders", rows=20)


async def test_a_backup_is_verified_once_at_a_time_and_at_most_two_are_verified_at_once(
    new_world: NewWorld, address: str, tmp_path: Path
) -> None:
    """Verifications by other processes count too, until those have died."""
    async with new_world(runbook=keep(address, tmp_path / "kept")) as world:
        for _ in range(3):
            await answered(world, "/backup run orders")
        verify = world.house.backup_verifications.verify
        assert (await verify(EVE, "latest")).backup.id == 3, "nobody else reads it"

        async with world.house.db.transaction() as conn:
            for number in (1, 2):
                await verifications.claim(conn, number, world.clock.now())
        together = await asyncio.gather(*(verify(EVE, "2") for _ in range(25)), return_exceptions=True)
        assert all(isinstance(one, AlreadyDone) for one in together)
        with pytest.raises(AlreadyDone, match="Backup 2 of orders is already being verified"):
            await verify(EVE, "2")
        with pytest.raises(Refused, match="Backups 1 and 2 are being read back"):
            await verify(EVE, "3")
        await world.passes(minutes=1)
        assert (await verify(EVE, "3")).backup.state == "good"


async def test_of_two_processes_claiming_a_verification_at_once_one_waits_for_the_other(
    new_world: NewWorld, database: str, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path / "kept")) as world:
        await answered(world, "/backup run orders")
        second, now = Database(database), world.clock.now()
        await second.open()

        async def look() -> set[int]:
            async with second.transaction() as conn:
                return await verifications.under_way(conn, silent_since=now.replace(year=2000))

        try:
            async with world.house.db.transaction() as conn:
                assert await verifications.under_way(conn, silent_since=now) == set()
                looking = asyncio.create_task(look())
                await verifications.claim(conn, 1, now)
            assert await looking == {1}
        finally:
            await second.close()


@pytest.mark.parametrize("deed", ["backup.verify", "backup.run"])
async def test_verifying_needs_its_own_permission_or_else_the_one_to_run_backups(
    new_world: NewWorld, address: str, tmp_path: Path, deed: str
) -> None:
    runbook = f"{keep(address, tmp_path / 'kept')}permissions:\n  {deed}: [ada]\n"
    async with new_world(runbook=runbook) as world:
        await world.house.backups.run(Actor("ada"), "orders")
        await world.settled()
        with pytest.raises(NotPermitted, match=r"backup\.verify"):
            await world.house.backup_verifications.verify(EVE, "latest")
        assert (await world.house.backup_verifications.verify(Actor("ada"), "latest")).backup.state == "good"
