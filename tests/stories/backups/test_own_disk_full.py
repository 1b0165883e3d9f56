"""Tocsin's own database runs out of disk space during a backup, a drill or a restore."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.domain.actor import Actor
from bot.domain.errors import Unreachable
from bot.services.backups.long_work import until_recorded
from tests.guarded import Guarded, guarded_postgres
from tests.stories.backups.restoring import ALERTS, NewWorld, answered, asides, harmed, keep, restored, rows, shown
from tests.world import World, words_of

# Every write fails as on a full disk. A sequence counts the failures, since it survives a rollback.
FULL = """
CREATE SEQUENCE refusals;
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_TABLE_NAME LIKE 'backup%' THEN PERFORM nextval('refusals'); END IF;
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
END $$;
DO $$ DECLARE one text; BEGIN
    FOR one IN SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format(
            'CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION no_room()', one);
    END LOOP;
END $$;
"""
ROOM = "DROP FUNCTION no_room CASCADE; DROP SEQUENCE refusals"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell("ALTER ROLE keeper CREATEDB")
        yield server


async def backup(world: World) -> None:
    await world.house.backups.run(Actor("ada"), "orders")


async def drill(world: World) -> None:
    await world.house.backup_drills.drill(Actor("ada"), "orders")


async def restore(world: World) -> None:
    await answered(world, world.ada, "/backup restore 1")
    await world.house.backup_restore_decisions.approve(Actor("ben"), 1)


async def until_refused(own: psycopg.Connection) -> None:
    """Wait until a write about backups has failed."""
    while True:
        if own.execute("SELECT is_called FROM refusals").fetchone() == (True,):
            return
        await asyncio.sleep(0.01)


async def over_with_no_room(
    world: World, database: str, address: str, begin: Callable[[World], Awaitable[None]]
) -> None:
    """Begin while the orders are locked, and release them when the end can't be recorded."""
    with psycopg.connect(database, autocommit=True) as own, psycopg.connect(address) as busy:
        busy.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        await begin(world)
        own.execute(FULL.encode())
        busy.rollback()
        await until_refused(own)
        own.execute(ROOM.encode())
    await world.settled()


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (backup, "*Backup 2 of orders* is good"),
        (drill, "*Drill 1 of orders* passed"),
        (restore, "*Restore 1: orders from backup 1* is done"),
    ],
)
async def test_the_outcome_is_recorded_once_tocsins_own_disk_has_room_again(
    guarded: Guarded,
    database: str,
    new_world: NewWorld,
    tmp_path: Path,
    begin: Callable[[World], Awaitable[None]],
    said: str,
) -> None:
    address = guarded.database("orders", rows=200)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await over_with_no_room(world, database, address, begin)
        assert [one for one in world.workspace.messages(ALERTS) if said in words_of(one)]
        assert rows(guarded, address) == (200 if begin is restore else 4)
        kept = asides(guarded)
        assert kept == ([(await restored(world)).aside] if begin is restore else [])
        for name in kept:
            guarded.tell(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_a_restore_held_up_for_too_long_fails_and_names_whose_disk_was_full(
    guarded: Guarded, database: str, new_world: NewWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.backups.restore_ledger.LOST_AFTER", timedelta(milliseconds=1))
    address = guarded.database("orders", rows=200)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await over_with_no_room(world, database, address, restore)
        assert "failed: the disk of my database is full" in shown(world) and "*orders is unchanged*" in shown(world)
        assert rows(guarded, address) == 4 and asides(guarded) == []


async def test_recording_with_a_time_limit_is_not_retried_beyond_it() -> None:
    tried = []

    async def record() -> None:
        tried.append(1)
        raise Unreachable("the disk of the database is full")

    with pytest.raises(Unreachable):
        await until_recorded(record, within=timedelta(0))
    assert tried == [1]
