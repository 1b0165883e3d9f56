"""MongoDB restored by mongorestore under another name: every document, and nothing else touched."""

import socket
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from bson import Binary, Int64, ObjectId, Regex, Timestamp
from pymongo import MongoClient

from bot.domain.errors import Rejected, Unreachable
from bot.dumpers import Tally
from bot.dumpers import mongodb as dumping
from bot.dumpers import mongodb_restore as restoring
from bot.runbook.backups import MongodbBackup
from tests.mongodb import mongodb_tools

ORDERS = [{"_id": n, "note": f"größe 日本 {n}", "facts": {"tags": ["a", None], "price": n / 4}} for n in range(700)]

# The BSON types the tests' server can store: it lacks decimals.
KINDS = {
    "_id": ObjectId("65a1b2c3d4e5f60718293a4b"),
    "when": datetime(2026, 1, 5, 9, 0, 0, 123000, tzinfo=UTC),
    "text": "größe 日本 \U0001f514 \u202e",
    "long": Int64(2**53 + 1),
    "double": -0.1,
    "binary": Binary(b"\x00\xff", 5),
    "uuid": Binary.from_uuid(UUID("12345678-1234-5678-1234-567812345678")),
    "regex": Regex("^a.*z$", "i"),
    "stamp": Timestamp(1_767_600_000, 7),
    "nested": {"list": [1, True, None, {"é": ""}]},
}


def a_backup(address: str, **facts: str) -> MongodbBackup:
    return MongodbBackup.model_validate({"key": "content", "mongodb": address, **facts})


@pytest.fixture
def folders() -> list[Path]:
    return [mongodb_tools()]


@pytest.fixture
def scratch(mongodb: str) -> Iterator[str]:
    name = f"tocsin_drill_1_{uuid4().hex[:6]}"
    yield name
    with MongoClient[dict[str, Any]](mongodb) as client:
        client.drop_database(name)


@pytest.fixture
def shop(mongodb: str) -> Iterator[MongodbBackup]:
    name = f"shop_{uuid4().hex[:8]}"
    with MongoClient[dict[str, Any]](mongodb) as client:
        client[name].orders.insert_many(ORDERS)
        client[name].create_collection("empty")
        yield a_backup(f"{mongodb}{name}")
        client.drop_database(name)


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


async def dumped(backup: MongodbBackup, folders: list[Path], tally: Tally) -> bytes:
    equipment = await dumping.equip(backup, folders)
    return b"".join([piece async for piece in dumping.dump(backup, equipment, tally)])


async def test_every_document_is_restored_under_another_name_and_the_target_is_untouched(
    mongodb: str, shop: MongodbBackup, scratch: str, folders: list[Path]
) -> None:
    tally = Tally()
    content = await dumped(shop, folders, tally)
    with MongoClient[dict[str, Any]](mongodb) as client:
        client[shop.database].orders.delete_many({"_id": {"$gt": 2}})

        equipment = await restoring.ready(shop, folders)
        assert equipment.tool.startswith("mongorestore 100.")
        await restoring.fill(shop, scratch, pieces(content), equipment)
        assert await restoring.counts(shop, scratch) == tally.counts
        assert list(client[scratch].orders.find().sort("_id")) == ORDERS
        assert client[shop.database].orders.count_documents({}) == 3

        assert await restoring.ask(shop, scratch, '{"count": "orders", "query": {"_id": {"$lt": 10}}}') == 10
        assert await restoring.exists(shop, scratch) and await restoring.exists(shop)
        await restoring.drop(shop, scratch)
        assert not await restoring.exists(shop, scratch)


async def test_putting_a_mongodb_back_replaces_every_document_and_drops_newer_ones(
    mongodb: str, shop: MongodbBackup, scratch: str, folders: list[Path]
) -> None:
    tally = Tally()
    with MongoClient[dict[str, Any]](mongodb, tz_aware=True) as client:
        held, beside = client[shop.database], client[f"{shop.database}_other"]
        held.things.insert_one(KINDS)
        content = await dumped(shop, folders, tally)
        held.orders.delete_many({"_id": {"$gt": 2}})
        held.orders.insert_one({"_id": 1000})
        held.things.update_one({}, {"$set": {"text": "another"}})
        held.drop_collection("empty")
        held.since.insert_one({"_id": 1})
        beside.orders.insert_one({"_id": 1})

        equipment = await restoring.ready(shop, folders)
        await restoring.fill(shop, scratch, pieces(content), equipment)
        await restoring.overwrite(shop, scratch, pieces(content), equipment, shop.database)
        assert list(held.orders.find().sort("_id")) == ORDERS
        assert held.things.find_one() == KINDS
        assert sorted(held.list_collection_names()) == ["empty", "orders", "things"]
        assert await restoring.counts(shop) == tally.counts
        assert beside.orders.count_documents({}) == 1
        client.drop_database(beside.name)


@pytest.mark.parametrize("given_up_after", [0, 1])
async def test_a_process_given_up_as_lost_that_wakes_up_moves_nothing_more_into_place(
    mongodb: str, shop: MongodbBackup, scratch: str, folders: list[Path], given_up_after: int
) -> None:
    """The process that gave it up has dropped the scratch database."""
    content, equipment = await dumped(shop, folders, Tally()), await restoring.ready(shop, folders)
    parts = [content[:100], content[100:]]
    await restoring.fill(shop, scratch, pieces(content), equipment)
    with MongoClient[dict[str, Any]](mongodb) as client:
        client[shop.database].orders.delete_many({"_id": {"$gt": 2}})

        async def given_up() -> AsyncGenerator[bytes, None]:
            for number, part in enumerate(parts):
                if number == given_up_after:
                    client.drop_database(scratch)
                yield part

        with pytest.raises(Rejected, match=f"{scratch} is not there"):
            await restoring.overwrite(shop, scratch, given_up(), equipment, shop.database)
        assert client[shop.database].orders.count_documents({}) == 3


async def test_a_truncated_archive_is_refused_and_the_target_is_untouched(
    mongodb: str, shop: MongodbBackup, scratch: str, folders: list[Path]
) -> None:
    content = await dumped(shop, folders, Tally())
    with pytest.raises(Rejected, match="mongorestore: "):
        await restoring.fill(shop, scratch, pieces(content[:-200]), await restoring.ready(shop, folders))
    with MongoClient[dict[str, Any]](mongodb) as client:
        assert list(client[shop.database].orders.find().sort("_id")) == ORDERS


@pytest.mark.parametrize("question", ['{"drop": "orders"}', "orders", '["count"]', '{"x": 1, "count": "orders"}'])
async def test_only_counts_may_be_queried(shop: MongodbBackup, question: str) -> None:
    with pytest.raises(Rejected, match="is no question to a MongoDB: write for example"):
        await restoring.ask(shop, shop.database, question)


async def test_only_our_own_databases_are_dropped(mongodb: str, shop: MongodbBackup) -> None:
    with pytest.raises(Rejected, match="none of Tocsin's own"):
        await restoring.drop(shop, shop.database)
    assert await restoring.exists(shop)


async def test_all_databases_together_cannot_be_restored(mongodb: str, folders: list[Path]) -> None:
    with pytest.raises(Rejected, match="add `database`"):
        await restoring.ready(a_backup(mongodb), folders)


async def test_an_unreachable_server_is_reported_without_the_password(unused_tcp_port: int) -> None:
    away = a_backup(f"mongodb://keeper:hunter2-x@127.0.0.1:{unused_tcp_port}/shop?serverSelectionTimeoutMS=200")
    with pytest.raises(Unreachable) as raised:
        await restoring.counts(away)
    assert "hunter2" not in str(raised.value)


async def test_a_server_that_closes_every_connection_is_reported_as_such(unused_tcp_port: int) -> None:
    def hang_up(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                listening.accept()[0].close()

    backup = a_backup(f"mongodb://127.0.0.1:{unused_tcp_port}/shop?serverSelectionTimeoutMS=200")
    # From a thread: the driver's own threads may call once more while the loop is closing.
    with socket.create_server(("127.0.0.1", unused_tcp_port)) as listening, ThreadPoolExecutor() as threads:
        threads.submit(hang_up, listening)
        try:
            for ask in (dumping.server_version, restoring.counts):
                with pytest.raises(Unreachable, match=r"ended the connection .*look into its log.*127\.0\.0\.1"):
                    await ask(backup)
        finally:
            listening.shutdown(socket.SHUT_RDWR)
