"""MongoDB dumped by mongodump: a hidden password, every document counted, every damage detected."""

import asyncio
import gzip
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import bson
import psutil
import pytest
from pymongo import MongoClient

from bot.domain.backups.backup import Damaged
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.dumpers import Equipment, Tally
from bot.dumpers import mongodb as mongo
from bot.dumpers._mongodb_archive import Archive
from bot.runbook.backups import MongodbBackup
from tests.dumpers.programs import running
from tests.mongodb import mongodb_tools

PASSWORD = "s3cr3t%2Fpw"
BIG = "x" * 2_000_000


def a_backup(address: str, **facts: str) -> MongodbBackup:
    return MongodbBackup.model_validate({"key": "content", "mongodb": address, **facts})


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folder with MongoDB's own mongodump; no other is on the PATH."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return [mongodb_tools()]


@pytest.fixture
def shop(mongodb: str) -> Iterator[str]:
    """The URL of a fresh database with three collections."""
    name = f"shop_{uuid4().hex[:8]}"
    with MongoClient[dict[str, Any]](mongodb) as client:
        client[name].orders.insert_many([{"_id": number, "note": f"größe {number}"} for number in range(2500)])
        client[name].pages.insert_many([{"_id": number, "body": BIG} for number in range(3)])
        client[name].create_collection("empty")
        yield f"{mongodb}{name}"
        client.drop_database(name)


def name_of(address: str) -> str:
    return address.rpartition("/")[2]


async def dumped(backup: MongodbBackup, folders: list[Path], tally: Tally) -> bytes:
    equipment = await mongo.equip(backup, folders)
    return b"".join([piece async for piece in mongo.dump(backup, equipment, tally)])


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


async def test_every_document_counts_the_same_when_dumped_and_when_read_back(shop: str, folders: list[Path]) -> None:
    name, tally = name_of(shop), Tally()
    content = await dumped(a_backup(shop), folders, tally)

    assert tally.counts == {f"{name}.orders": 2500, f"{name}.pages": 3, f"{name}.empty": 0}
    assert tally.counted == mongo.AS_DUMPED
    assert (tally.tables, tally.tables_done) == (3, 3)
    assert await mongo.count(pieces(content), []) == tally.counts
    await mongo.inspect(pieces(content), [])


async def test_the_versions_of_program_and_server_are_recorded(shop: str, folders: list[Path]) -> None:
    equipment = await mongo.equip(a_backup(shop), folders)
    assert equipment.tool.startswith("mongodump 100.")
    assert equipment.server.startswith("MongoDB 7.")


async def test_the_url_is_in_no_argument_and_no_file(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inspected while the program waits for a file to appear."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    folder = tmp_path / "waiting"
    folder.mkdir()
    program = folder / "mongodump"
    program.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && {{ echo 'mongodump version: 100.9.4'; exit; }}\n"
        f"cat /dev/stdin > /dev/null\ntouch {folder}/begun\nwhile [ ! -e {folder}/go ]; do sleep 0.02; done\n"
    )
    program.chmod(0o755)
    backup = a_backup(shop.replace("mongodb://", f"mongodb://keeper:{PASSWORD}@"))
    dump = mongo.dump(backup, (await mongo.equip(a_backup(shop), [folder])), Tally())
    first = asyncio.create_task(anext(dump, None))
    while not (folder / "begun").exists():
        await asyncio.to_thread(lambda: None)
    seen = seen_by_everybody()
    (folder / "go").touch()
    await first
    assert seen
    assert not [part for part in seen if "keeper" in part or "mongodb://" in part or name_of(shop) in part]


def seen_by_everybody() -> list[str]:
    """The arguments, environments and open files of this process's children."""
    seen: list[str] = []
    for child in psutil.Process().children(recursive=True):
        # A process that is exiting has nothing to show any more.
        with suppress(psutil.Error):
            seen += [*child.cmdline(), *child.environ().values(), *(file.path for file in child.open_files())]
    return seen


@pytest.mark.parametrize("name", ["--help", "x; drop", "a b", "ünï", "$(touch x)", "uri: x", "a?tls=false&b=c"])
def test_a_database_name_is_never_parsed_as_anything_else(name: str) -> None:
    address = urlsplit(mongo.address_of(a_backup("mongodb://h/other?tls=true", database=name)))
    assert unquote(address.path) == f"/{name}"
    assert address.query == "tls=true&serverSelectionTimeoutMS=10000"


@pytest.mark.parametrize(
    ("address", "database", "meant"),
    [
        ("mongodb://h:1/shop", "", "mongodb://h:1/shop?W"),
        ("mongodb://h:1", "", "mongodb://h:1/?W"),
        ("mongodb://h:1,i:2/?replicaSet=r", "shop", "mongodb://h:1,i:2/shop?replicaSet=r&W"),
        ("mongodb://u:p@h/admin", "shop", "mongodb://u:p@h/shop?authSource=admin&W"),
        ("mongodb://u:p@h/admin?authSource=x", "shop", "mongodb://u:p@h/shop?authSource=x&W"),
        ("mongodb+srv://u:p@h/?serverSelectionTimeoutMS=5", "", "mongodb+srv://u:p@h/?serverSelectionTimeoutMS=5"),
    ],
)
def test_the_runbooks_database_goes_into_the_url(address: str, database: str, meant: str) -> None:
    facts = {"database": database} if database else {}
    assert mongo.address_of(a_backup(address, **facts)) == meant.replace("W", "serverSelectionTimeoutMS=10000")


async def test_an_unreachable_server_is_reported_without_its_password(unused_tcp_port: int) -> None:
    address = f"mongodb://keeper:{PASSWORD}@127.0.0.1:{unused_tcp_port}/shop?serverSelectionTimeoutMS=100"
    with pytest.raises(Unreachable, match=r"(?i)(connection refused|connect call failed)") as raised:
        await mongo.equip(a_backup(address), [])
    assert "s3cr3t" not in str(raised.value)


async def test_mongodumps_errors_are_reported_without_the_url(tmp_path: Path) -> None:
    """The real one's message, which takes it a hundred seconds to give up on a server."""
    address = f"mongodb://u:{PASSWORD}@127.0.0.1:9/shop"
    said = f"Failed: can't create session: failed to connect to {address}: server selection error: time-out"
    program = tmp_path / "mongodump"
    program.write_text(f'#!/bin/sh\ncat >/dev/null\nprintf "%s\\t%s\\n" now "{said}" >&2\nexit 1\n')
    program.chmod(0o755)
    equipment = Equipment(program, "mongodump 100.10.0", "MongoDB 7.0.42")
    with pytest.raises(Unreachable, match="can't create session") as raised:
        async for _ in mongo.dump(a_backup(address), equipment, Tally()):
            pass
    assert "mongodb://" not in str(raised.value)


async def test_a_missing_program_is_reported_with_how_to_install_it(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Rejected, match="mongodump is not installed: install MongoDB's Database Tools"):
        await mongo.equip(a_backup(shop), [])


@pytest.mark.parametrize(("version", "fits"), [("r6.3.9", False), ("r7.0.1", True), ("100.0.0", True)])
async def test_a_program_that_is_older_than_the_server_is_not_used(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "mongodump"
    program.write_text(f"#!/bin/sh\necho 'mongodump version: {version}'\n")
    program.chmod(0o755)
    if fits:
        assert (await mongo.equip(a_backup(shop), [])).program == program
        return
    with pytest.raises(Rejected, match=r"mongodump 6\.3\.9 is older than MongoDB 7\.0\.\d+: install"):
        await mongo.equip(a_backup(shop), [])


async def test_a_cancelled_dump_leaves_no_program_running(shop: str, folders: list[Path]) -> None:
    backup = a_backup(shop)
    dump = mongo.dump(backup, await mongo.equip(backup, folders), Tally())
    await anext(dump)
    await dump.aclose()
    assert not running("mongodump")


# The archive


def archive(*, documents: int = 5, whole: bool = True) -> bytes:
    end = b"\xff\xff\xff\xff"
    header = {"db": "d", "collection": "c", "EOF": False, "CRC": bson.Int64(0)}
    content = bytes.fromhex("6de29981") + bson.encode({"version": "0.1"})
    content += bson.encode({"db": "d", "collection": "c", "metadata": "{}", "size": 0, "type": "collection"}) + end
    content += bson.encode(header)
    content += b"".join(bson.encode({"_id": number, "x": "y" * number}) for number in range(documents)) + end
    return content + (bson.encode(header | {"EOF": True}) + end if whole else b"")


def read(content: bytes, chance: random.Random | None = None) -> Archive:
    found, at = Archive(), 0
    while at < len(content):
        size = chance.choice([1, 2, 3, 7, 50]) if chance else len(content)
        found.feed(content[at : at + size])
        at += size
    found.finish()
    return found


def test_documents_count_the_same_however_the_archive_is_chunked() -> None:
    for seed in range(50):
        assert read(gzip.compress(archive()), random.Random(seed)).counts == {"d.c": 5}, seed


def test_a_decompression_bomb_is_inflated_piece_by_piece() -> None:
    big = archive(documents=0, whole=True)
    assert read(gzip.compress(big)).counts == {"d.c": 0}
    many = archive(documents=6000)
    assert read(gzip.compress(many)).counts == {"d.c": 6000}


@pytest.mark.parametrize("cut", [0, 3, 10, 60, 200, -1, -9])
def test_a_truncated_archive_is_damaged(cut: int) -> None:
    content = gzip.compress(archive(documents=100))
    with pytest.raises(Damaged):
        read(content[:cut])


def test_a_flipped_byte_that_changes_the_content_is_damage() -> None:
    """Two different compressed streams may have the same content."""
    content = gzip.compress(archive(documents=100))
    found = 0
    # gzip's header holds a time and an operating system, which don't matter.
    for at in range(10, len(content)):
        flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        try:
            read(flipped)
        except Damaged:
            found += 1
        else:
            assert gzip.decompress(flipped) == gzip.decompress(content), at
    assert found > 1000


NO_ARCHIVES = {
    "nothing": b"",
    "nothing, compressed": gzip.compress(b""),
    "another format, compressed": gzip.compress(b"PGDMP" * 100),
    "another format": b"PGDMP" * 100,
    "something behind it": gzip.compress(archive()) + b"x",
}


@pytest.mark.parametrize("content", NO_ARCHIVES.values(), ids=NO_ARCHIVES.keys())
def test_a_file_that_is_not_an_archive_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        read(content)


def test_a_collection_without_its_end_is_damaged() -> None:
    with pytest.raises(Damaged, match=r"d\.c is not complete in it"):
        read(gzip.compress(archive(whole=False)))


async def test_a_program_whose_server_died_is_given_up_and_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As mongodump behaves then: silent, waiting for ever, and deaf to SIGTERM."""
    program = tmp_path / "mongodump"
    program.write_text("#!/bin/sh\ntrap '' TERM\nprintf begun\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setattr(mongo, "SILENT_FOR_AT_MOST_S", 0.3)
    equipment = Equipment(program, "mongodump 100.9.4", "MongoDB 7.0.0")
    dump = mongo.dump(a_backup("mongodb://db.example.com/shop"), equipment, Tally())
    assert await anext(dump) == b"begun"
    with pytest.raises(Unanswered, match="mongodump has been silent"):
        await anext(dump)
    assert not running("sleep")
