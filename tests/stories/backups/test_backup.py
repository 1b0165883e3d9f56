"""Databases are backed up by hand and every night; a bad backup is reported, and a good one is never lost."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient

from bot.domain.errors import AlreadyDone
from bot.sandbox.model import Message
from tests.guarded import PASSWORD, Guarded, guarded_postgres
from tests.mongodb import mongodb_tools
from tests.stored_in_s3 import STORES, NewStore
from tests.stories.backups.backing_up import (
    NewWorld,
    answered,
    cards,
    dump_files,
    dumps,
    keep,
    last_answer,
    only_dump,
    runs,
    until_over,
)
from tests.world import RUNBOOK, World, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def keeping(guarded: Guarded, folder: Path) -> str:
    """A runbook that backs up one database of orders."""
    return keep(guarded.database("orders", rows=2000), folder)


async def test_a_backup_by_hand_is_one_message_and_a_file_with_its_manifest(
    new_world: NewWorld, keeping: str, folder: Path
) -> None:
    async with new_world(runbook=keeping) as world:
        assert "never backed up" in await answered(world, "/backup")

        begun = await answered(world, "/backup run orders")
        assert "*Backup 1 of orders has begun*" in begun
        assert f"<#{world.workspace.channel('#infrastructure-alerts').id}>" in begun, "where it is shown is a link"
        assert [headline.split(":")[0] for _, headline in world.posts()] == ["⏳ *Backup 1 of orders* is running"]
        assert words_of(cards(world)[0]).startswith("✅ *Backup 1 of orders* is good: ")

        name = only_dump(folder).name
        assert name.startswith("orders-20260806T140000Z-1-")
        assert dumps(folder) == [name, f"{name}.json"]
        manifest = json.loads((folder / f"{name}.json").read_text())
        assert manifest["database"] == "orders"
        assert manifest["bytes"] == (folder / name).stat().st_size
        assert len(manifest["sha256"]) == 64
        assert manifest["counts"] == {"public.orders": 2000}
        assert PASSWORD not in str(manifest)

        said = await answered(world, "/backup")
        assert "🟢 *orders* last good backup under 1 s ago · RPO 1 d, 1 d left" in said
        assert "`1` *orders* good" in await answered(world, "/backup list")
        assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify")
        assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify 1")
        assert "RPO 1 d, 1 d left" in await answered(world, "/health")
        world.nothing_else_was_sent()


async def test_a_database_is_backed_up_once_every_night_at_its_hour_without_a_message(
    new_world: NewWorld, keeping: str
) -> None:
    """It is 15:00 in London; two processes wait for 02:00."""
    async with new_world(runbook=keeping) as world:
        async with world.joined():
            await world.passes(hours=10, minutes=59)
            assert await runs(world) == []

            await world.passes(minutes=1)
            await until_over(world)
            assert [(run.state, run.started_by) for run in await runs(world)] == [("good", "tocsin")]

            await world.passes(hours=24)
            await until_over(world)
            assert [run.state for run in await runs(world)] == ["good", "good"]
        world.nothing_else_was_sent()


async def test_a_backup_that_is_older_than_its_objective_is_late(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder, facts=", rpo: 10h")) as world:
        await answered(world, "/backup run")
        await world.passes(hours=10)
        assert "RPO 10 h, under 1 s left" in await answered(world, "/backup")
        await world.passes(minutes=30)
        said = await answered(world, "/backup")
        assert said.splitlines()[0] == "*No backup within the objective:* 1 of 1 database"
        assert "RPO 10 h, missed by 30 min" in said
        assert "missed by 30 min" in await answered(world, "/health")


async def test_a_truncated_file_is_reported_as_damaged_until_a_later_backup_is_good(
    new_world: NewWorld, keeping: str, folder: Path
) -> None:
    async with new_world(runbook=keeping) as world:
        await answered(world, "/backup run")
        file = only_dump(folder)
        whole = file.read_bytes()
        file.write_bytes(whole[:-100])
        world.posts()

        size = f"its file has {len(whole) - 100} bytes, {len(whole)} were written"
        assert f"*Backup 1 of orders is damaged*: {size}" in await answered(world, "/backup verify latest")
        assert f"is damaged: {size}" in words_of(cards(world)[0])
        assert "No other backup of orders is valid." in words_of(last_answer(world))
        assert "never backed up" in await answered(world, "/backup")
        assert f"damaged: {size}" in await answered(world, "/backup")

        await world.eve.presses("Run again", cards(world)[0])
        await world.settled()
        assert "A later backup of orders is good." in words_of(cards(world)[0])
        assert world.eve.labels(cards(world)[0]) == []
        assert "*Backup 2 of orders is valid*" in await answered(world, "/backup verify latest")


async def test_a_file_with_one_flipped_bit_is_reported_as_damaged_until_it_is_replaced(
    new_world: NewWorld, keeping: str, folder: Path
) -> None:
    async with new_world(runbook=keeping) as world:
        await answered(world, "/backup run")
        file = only_dump(folder)
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert "its checksum is not the one it was written with" in await answered(world, "/backup verify 1")

        file.write_bytes(whole)
        assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify 1")

        file.unlink()
        assert "its file has gone" in await answered(world, "/backup verify 1")


async def test_a_mongodb_is_backed_up_counted_and_verified(
    new_world: NewWorld, mongodb: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{mongodb_tools()}:{os.environ['PATH']}")
    runbook = f'{RUNBOOK}backups:\n  content: {{mongodb: "{mongodb}pages", to: {folder}}}\n'
    with MongoClient[dict[str, Any]](mongodb) as client:
        client.pages.news.insert_many([{"_id": number, "title": "größer"} for number in range(300)])
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
        assert words_of(cards(world)[0]).startswith("✅ *Backup 1 of content* is good: ")
        (file,) = dump_files(folder, "*.archive.gz")
        manifest = json.loads(file.with_name(f"{file.name}.json").read_text())
        assert manifest["counts"] == {"pages.news": 300}
        assert manifest["tool"].startswith("mongodump 100.")

        said = await answered(world, "/backup verify content")
        assert "*Backup 1 of content is valid*" in said and "the 300 documents of 1 collection" in said
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        assert "*Backup 1 of content is damaged*" in await answered(world, "/backup verify content")
    with MongoClient[dict[str, Any]](mongodb) as client:
        client.drop_database("pages")


@pytest.mark.parametrize("new_store", STORES.values(), ids=STORES)
async def test_a_bucket_keeps_backups_as_a_folder_does(
    new_store: NewStore, new_world: NewWorld, guarded: Guarded
) -> None:
    with new_store() as store:
        bucket = store.bucket("backups")
        there = (
            f"{RUNBOOK}backups:\n  orders: {{postgresql: '{guarded.database()}', to: {bucket}/nightly, keep: 36h}}\n"
        )
        async with new_world(runbook=there, **store.environ) as world:
            await answered(world, "/backup run")
            name, manifest = store.names(bucket)
            assert name.startswith("nightly/orders-20260806T140000Z-1-") and manifest == f"{name}.json"
            assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify")

            whole = store.content(bucket, name)
            store.client.put_object(Bucket="backups", Key=name, Body=whole[:-1] + b"?")
            assert "its checksum is not the one it was written with" in await answered(world, "/backup verify 1")
            store.client.delete_object(Bucket="backups", Key=name)
            assert "its file has gone" in await answered(world, "/backup verify 1")
            store.client.put_object(Bucket="backups", Key=name, Body=whole)
            assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify 1")

            await world.passes(hours=60)
            await until_over(world)
            assert len(store.names(bucket)) == 2 and name not in store.names(bucket)


@pytest.mark.parametrize("new_store", STORES.values(), ids=STORES)
async def test_a_backup_into_a_missing_bucket_fails_and_names_the_bucket(
    new_store: NewStore, new_world: NewWorld, guarded: Guarded
) -> None:
    with new_store() as store:
        there = f"{RUNBOOK}backups:\n  orders: {{postgresql: '{guarded.database()}', to: 's3://nowhere/x'}}\n"
        async with new_world(runbook=there, **store.environ) as world:
            await answered(world, "/backup run")
            card, alert = map(words_of, cards(world))
            assert card.startswith("🔴 *Backup 1 of orders* failed: s3://nowhere: there is no such bucket")
            assert alert.startswith("🟠 *High* Backup of orders failed")


async def test_a_failed_backup_raises_an_alert_and_leaves_no_file(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    guarded.database("orders")
    wrong = keep(guarded.address("orders", password="hunter2-wrong"), folder)
    async with new_world(runbook=wrong) as world:
        await world.passes(hours=11)
        assert [headline for _, headline in world.posts()] == ["🟠 *High* Backup of orders failed"]
        card = words_of(cards(world)[0])
        assert "Backup 1: password authentication failed for user" in card
        assert "There is no good backup." in card
        assert world.eve.labels(cards(world)[0])[-1] == "Run again"
        assert "the latest run is failed: password authentication failed" in await answered(world, "/backup")
        assert dumps(folder) == []
        everything = card + await answered(world, "/backup list orders") + await answered(world, "/health")
        assert "hunter2" not in everything

        await world.passes(hours=24)
        assert "Seen 2 times" in words_of(cards(world)[0]), "one card, however often it fails"


async def test_only_people_with_the_permission_can_run_a_backup(new_world: NewWorld, keeping: str) -> None:
    async with new_world(runbook=f"{keeping}permissions:\n  backup.run: [tier/oncall]\n") as world:
        assert "The runbook lets only these people do that" in await answered(world, "/backup run orders")
        assert await runs(world) == []

        await world.ada.types("/backup run orders", "#general")
        await world.settled()
        assert [run.started_by for run in await runs(world)] == ["ada"]


async def test_a_second_backup_of_a_database_is_refused_while_one_is_running(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    address = guarded.database("orders")
    async with new_world(runbook=keep(address, folder)) as world:
        eve = world.house.people.actor("U0EVE")
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backups.run(eve, "orders")
            with pytest.raises(AlreadyDone, match="A backup of orders is running since 15:00 BST"):
                await world.house.backups.run(eve, "Orders")
            world.clock.move(timedelta(hours=1))
            await world.house.backups.take_due()
            assert (await world.house.backups.standings())[0].running is not None, "its own process knows better"
        await world.settled()
        assert [run.state for run in await runs(world)] == ["good"]


@pytest.mark.parametrize("name", ["--orders", "x; drop", "<!channel>", "../../etc", "ordres"])
async def test_a_backup_name_that_is_not_in_the_runbook_is_refused_and_escaped(
    new_world: NewWorld, keeping: str, name: str
) -> None:
    async with new_world(runbook=keeping) as world:
        said = await answered(world, f"/backup run {name}")
        assert said.startswith("There is no backup called “")
        assert "<!channel>" not in said
        assert await runs(world) == []


async def test_backup_run_without_a_name_offers_every_database(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    more = 'content: {mongodb: "mongodb://localhost/tinacms"}'
    async with new_world(runbook=keep(guarded.database(), folder, more)) as world:
        assert world.eve.labels(await which(world)) == ["Back up orders", "Back up content"]


async def which(world: World) -> Message:
    await answered(world, "/backup run")
    return last_answer(world)


async def test_old_backups_are_deleted_but_never_the_last_good_one(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder, facts=", keep: 36h")) as world:
        for _ in range(3):
            await answered(world, "/backup run")
            await world.passes(hours=1)
        assert len(dumps(folder)) == 6
        await world.passes(hours=60)
        await until_over(world)
        assert [run.state for run in await runs(world)].count("good") == 1
        assert dumps(folder) == [only_dump(folder).name, f"{only_dump(folder).name}.json"]


async def test_killing_a_process_during_a_backup_loses_only_that_backup(
    new_world: NewWorld, database: str, guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    address = guarded.database("orders", rows=500)
    runbook = keep(address, folder)
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
        good = dumps(folder)
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await killed_in_the_middle(guarded, database, tmp_path)
        assert [run.state for run in await runs(world)] == ["running", "good"]
        assert set(dumps(folder)) > set(good)

        await world.passes(seconds=59)
        assert [run.state for run in await runs(world)] == ["running", "good"]
        await world.passes(seconds=1)
        assert [run.state for run in await runs(world)] == ["lost", "good"]
        assert dumps(folder) == good
        card, alert = (words_of(one) for one in cards(world)[-2:])
        assert "*Backup 2 of orders* was lost: the process running it died" in card
        assert alert.startswith("🟠 *High* Backup of orders is lost")
        assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify latest")

        await answered(world, "/backup run")
        assert [run.state for run in await runs(world)] == ["good", "lost", "good"]
        assert words_of(cards(world)[2]).startswith("✅ *Resolved* Backup of orders is lost")


async def killed_in_the_middle(guarded: Guarded, database: str, home: Path) -> None:
    """Start a separate process whose backup waits for a locked table, and kill it with SIGKILL."""
    arguments = [database, str(home), str(home / "runbook.yml"), "orders"]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.stories.backups.one_backup", *arguments)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'pg_dump'"
    while not guarded.ask(waiting):
        assert process.returncode is None
        await asyncio.sleep(0.02)
    process.kill()
    await process.wait()


async def test_a_runbook_without_backups_says_so(world: World) -> None:
    assert (await answered(world, "/backup")).startswith("*No backups*")
