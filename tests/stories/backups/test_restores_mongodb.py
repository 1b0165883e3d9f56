"""A MongoDB is restored in place: with a safety backup first, and never reported as complete if it may not be."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pymongo import MongoClient

from bot.domain.actor import Actor
from bot.domain.backups.restore import Restore
from bot.sandbox.model import Message
from bot.sandbox.people import Person
from bot.store.backups import restores
from tests.mongodb import mongodb_on, mongodb_tools
from tests.postgres import SharedPostgres
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
ALERTS = "#infrastructure-alerts"
MIXED = "*content may be partly old and partly new*"


class Shop:
    """A MongoDB with orders, and the PostgreSQL in which its server stores them."""

    def __init__(self, address: str, beneath: str) -> None:
        self.address = address
        self.beneath = beneath
        self.client = MongoClient[dict[str, Any]](address)
        self.held = self.client["shop"]

    def fill(self) -> None:
        self.client.drop_database("shop")
        self.held.orders.insert_many([{"_id": number} for number in range(30)])
        self.held.notes.insert_one({"_id": 1, "text": "größe"})

    def harm(self) -> None:
        """Delete most of the orders, and add a collection."""
        self.held.orders.delete_many({"_id": {"$gt": 2}})
        self.held.since.insert_one({"_id": 1})

    @property
    def holds(self) -> dict[str, int]:
        return {name: self.held[name].count_documents({}) for name in sorted(self.held.list_collection_names())}

    @property
    def ours(self) -> list[str]:
        return [name for name in self.client.list_database_names() if name.startswith("tocsin_")]

    @asynccontextmanager
    async def read_by_somebody(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """While the block runs, its collections can be read and written but not dropped."""
        async with await psycopg.AsyncConnection.connect(self.beneath) as conn:
            tables = await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'shop'")
            for (table,) in await tables.fetchall():
                await conn.execute(sql.SQL("SELECT FROM shop.{} LIMIT 1").format(sql.Identifier(table)))
            yield conn

    async def cancel_what_waits(self) -> bool:
        """Cancel every statement that waits for a lock; return whether there was one."""
        async with await psycopg.AsyncConnection.connect(self.beneath, autocommit=True) as conn:
            waiting = await conn.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return waiting.rowcount > 0


@pytest.fixture(scope="module")
def server(postgres: SharedPostgres) -> Iterator[Shop]:
    beneath = asyncio.run(postgres.new_database())
    with mongodb_on(beneath) as address:
        shop = Shop(address, beneath)
        yield shop
        shop.client.close()


@pytest.fixture
def shop(server: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("PATH", f"{mongodb_tools()}:/usr/bin:/bin")
    server.fill()
    return server


def keep(shop: Shop, folder: Path) -> str:
    entry = f'content: {{mongodb: "{shop.address}shop", at: "02:00", to: {folder / "kept"}}}'
    return f"{RUNBOOK}backups:\n  {entry}\npermissions:\n  backup.restore: [tier/oncall, tier/lead]\n"


def card(world: World, number: int, channel: str = ALERTS) -> Message:
    found = [one for one in world.workspace.messages(channel) if one.by_bot and f"*Restore {number}: " in words_of(one)]
    assert len(found) == 1
    return found[0]


async def types(world: World, who: Person, command: str, channel: str = "#general") -> str:
    answer = await who.types(command, channel)
    assert answer.error is None
    await world.settled()
    return words_of([one for one in who.sees(channel) if one.ephemeral_for][-1])


async def restored(world: World) -> Restore:
    async with world.house.db.transaction() as conn:
        return await restores.get(conn, 1)


async def harmed(world: World, shop: Shop) -> None:
    await types(world, world.ada, "/backup run content")
    await world.passes(hours=2)
    shop.harm()


async def test_a_restore_approved_by_a_second_person_brings_a_mongodb_back(
    new_world: NewWorld, shop: Shop, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(shop, tmp_path)) as world:
        await harmed(world, shop)
        await world.ada.types("/incident declare P1 Content is gone", "#general")
        await world.settled()
        room = world.room()
        await types(world, world.ada, "/backup restore 1", room)
        plan = words_of(card(world, 1, room))
        assert "overwritten with it, one collection after the other, and every collection dropped that" in plan
        assert "*Until that is done it is partly old and partly new*" in plan
        assert "• *You will lose* everything written since" in plan and "2 h before" in plan
        assert "at one instant" not in plan and "tocsin_before" not in plan
        assert shop.holds == {"notes": 1, "orders": 3, "since": 1}, "nothing has been done yet"

        await world.ben.presses("Approve", card(world, 1, room))
        await world.settled()
        assert shop.holds == {"notes": 1, "orders": 30}
        assert shop.ours == []
        done = words_of(card(world, 1, room))
        assert "✅ *Restore 1: content from backup 1* is done in" in done
        assert "2 collections with 31 documents, as many as were backed up" in done
        assert "• *Saved* before as backup 2" in done
        assert any("What was there before is backup 2." in words for words in world.said_in(room))
        timeline = [entry.text for entry in await world.house.incidents.timeline(1) if "Restore 1" in entry.text]
        assert "until that is done it is partly old and partly new" in timeline[-2]
        assert timeline[-1] == "Restore 1 of content from backup 1: done: the restored data is in place"

        await types(world, world.ben, "/backup restore 2")
        await world.ada.presses("Approve", card(world, 2))
        await world.settled()
        assert shop.holds == {"notes": 1, "orders": 3, "since": 1}, "what was there can be had back"


async def test_a_mongodb_that_may_be_half_restored_is_reported_as_such_with_the_way_back(
    new_world: NewWorld, shop: Shop, tmp_path: Path
) -> None:
    """The server cancels a statement while the data is being restored."""
    async with new_world(runbook=keep(shop, tmp_path)) as world:
        await harmed(world, shop)
        await types(world, world.ada, "/backup restore 1")
        async with shop.read_by_somebody():
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
            while (await restored(world)).state == "running":
                await shop.cancel_what_waits()
        await world.settled()
        said = words_of(card(world, 1))
        assert "failed: mongorestore: " in said
        assert MIXED in said and "`/backup restore 2` brings it back" in said and "as it was before" not in said
        told = [words for words in world.said_in(ALERTS) if "*content is not restored in whole*" in words]
        assert len(told) == 1 and MIXED in told[0]

        await types(world, world.ben, "/backup restore 2")
        await world.ada.presses("Approve", card(world, 2))
        await world.settled()
        assert shop.holds == {"notes": 1, "orders": 3, "since": 1}


async def test_killing_a_process_while_it_overwrites_a_mongodb_reports_it_as_partly_old_and_partly_new(
    new_world: NewWorld, database: str, shop: Shop, tmp_path: Path
) -> None:
    runbook = keep(shop, tmp_path)
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await types(world, world.ada, "/backup run content")
        shop.harm()
        await types(world, world.ada, "/backup restore 1")
        async with shop.read_by_somebody():
            arguments = ["restore", database, str(tmp_path), str(tmp_path / "runbook.yml"), "1"]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.stories.backups.one_recovery", *arguments
            )
            while (await restored(world)).stage != "overwriting":
                assert process.returncode is None
                await asyncio.sleep(0.005)
            process.kill()
            await process.wait()
        await world.passes(seconds=62)
        said = words_of(card(world, 1))
        assert "was lost: the process running it died" in said
        assert MIXED in said and "`/backup restore 2` brings it back" in said
        assert shop.ours == []
        assert any("*The restore of content is lost*" in words and MIXED in words for words in world.said_in(ALERTS))


async def test_a_mongodb_is_never_overwritten_without_a_safety_backup(
    new_world: NewWorld, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mongodump is missing: even with the glass broken there would be no way back."""
    async with new_world(runbook=keep(shop, tmp_path)) as world:
        await harmed(world, shop)
        (tmp_path / "programs").mkdir()
        (tmp_path / "programs" / "mongorestore").symlink_to(mongodb_tools() / "mongorestore")
        monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}:/usr/bin:/bin")
        await types(world, world.ada, "/backup restore 1 break-glass the shop is shut")
        room = world.room()
        said = words_of(card(world, 1, room))
        assert "without a safety backup it would be overwritten for good, and that failed: mongodump" in said
        assert "*content is unchanged*: nothing in it was touched." in said
        assert shop.holds == {"notes": 1, "orders": 3, "since": 1}
        assert "• *Saved*" not in said

        shop.client.drop_database("shop")
        await types(world, world.ada, "/backup restore 1 break-glass it is gone altogether", room)
        assert "• *Not saved* before: the database is not there" in words_of(card(world, 2, room))
        assert shop.holds == {"notes": 1, "orders": 30}
