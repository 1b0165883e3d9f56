"""Tocsin's connection to its own database is cut during a backup or a drill, which goes on all the same."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.domain.actor import Actor
from tests.guarded import Guarded, guarded_postgres
from tests.stories.backups.restoring import ALERTS, NewWorld, answered, keep
from tests.world import World, words_of

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
HANG_UP = f"SELECT pg_terminate_backend(pid) FROM ({WAITING}) AS waiting"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell("ALTER ROLE keeper CREATEDB")
        yield server


async def backup(world: World) -> None:
    await world.house.backups.run(Actor("ada"), "orders")


async def newest_drilled(world: World) -> None:
    await world.house.backup_drills.drill(Actor("ada"), "orders")


async def first_drilled(world: World) -> None:
    await world.house.backup_drills.drill(Actor("ada"), "1")


async def hung_up(own: psycopg.Connection) -> None:
    """Terminate a connection that waits for the lock."""
    while True:
        if own.execute(HANG_UP.encode()).fetchone():
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (backup, "*Backup 2 of orders* is good"),
        (newest_drilled, "*Drill 1 of orders* passed"),
        (first_drilled, "*Drill 1 of orders* passed"),
    ],
)
async def test_a_backup_or_drill_goes_on_over_a_new_connection_if_its_own_is_cut(
    guarded: Guarded,
    database: str,
    new_world: NewWorld,
    tmp_path: Path,
    begin: Callable[[World], Awaitable[None]],
    said: str,
) -> None:
    address = guarded.database("orders", rows=5)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        with psycopg.connect(database) as busy, psycopg.connect(database, autocommit=True) as own:
            await begin(world)
            # Lock this before the work has made its first query.
            busy.execute("LOCK TABLE backups IN ACCESS EXCLUSIVE MODE")
            await hung_up(own)
            busy.rollback()
        await world.settled()
        # A card whose painting was interrupted is painted again a moment later.
        await world.passes(seconds=5)
        assert [one for one in world.workspace.messages(ALERTS) if said in words_of(one)]
