"""A folder of dumps: only complete ones get a name, and incomplete ones leave nothing behind."""

import asyncio
import hashlib
import json
import os
import stat
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from bot.domain.backups.backup import Damaged, Gone
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.dumpers import DumpDraft, local, sum_of
from tests.full_disk import room_for

PIECES = [b"first", b"", b"second" * 100_000]
WHOLE = b"".join(PIECES)


async def pieces(*given: bytes, then: BaseException | None = None) -> AsyncGenerator[bytes, None]:
    for piece in given:
        yield piece
    if then:
        raise then


async def written(folder: Path, file: str = "orders.dump") -> DumpDraft:
    return await local.write(str(folder), file, pieces(*PIECES), lambda size: None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_draft_is_complete_with_a_checksum_and_has_no_name_yet(tmp_path: Path) -> None:
    noted: list[int] = []
    draft = await local.write(str(tmp_path), "orders.dump", pieces(*PIECES), noted.append)

    assert (draft.size, draft.sha256) == (len(WHOLE), hashlib.sha256(WHOLE).hexdigest())
    assert noted == [5, 5, len(WHOLE)]
    assert names(tmp_path) == [".orders.dump.part"]
    assert await sum_of(local.read_draft(draft)) == (draft.size, draft.sha256)


async def test_a_settled_dump_has_its_name_and_its_manifest_beside_it(tmp_path: Path) -> None:
    draft = await written(tmp_path)
    await local.settle(draft, {"database": "orders", "note": "größer"})

    assert names(tmp_path) == ["orders.dump", "orders.dump.json"]
    assert (tmp_path / "orders.dump").read_bytes() == WHOLE
    assert json.loads((tmp_path / "orders.dump.json").read_text()) == {"database": "orders", "note": "größer"}


async def test_other_accounts_on_the_machine_cannot_read_a_dump(tmp_path: Path) -> None:
    draft = await written(tmp_path / "deep" / "folder")
    await local.settle(draft, {})

    folder = tmp_path / "deep" / "folder"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


async def test_a_dump_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="the server has gone"):
        broken = pieces(b"half", then=Unreachable("the server has gone"))
        await local.write(str(tmp_path), "orders.dump", broken, lambda size: None)

    assert names(tmp_path) == []


async def test_a_dump_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        yield b"half"
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(local.write(str(tmp_path), "orders.dump", endless(), lambda size: None))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert names(tmp_path) == []


async def test_leftovers_of_a_killed_process_can_be_discarded_and_block_nothing(tmp_path: Path) -> None:
    (tmp_path / ".orders.dump.part").write_bytes(b"half of a longer dump" * 100_000)
    await local.settle(await written(tmp_path), {})
    assert (tmp_path / "orders.dump").read_bytes() == WHOLE

    (tmp_path / ".other.dump.part").write_bytes(b"half")
    await local.discard(str(tmp_path), "other.dump")
    await local.discard(str(tmp_path), "other.dump")
    assert names(tmp_path) == ["orders.dump", "orders.dump.json"]


async def test_planted_symlinks_are_not_followed_and_files_get_private_permissions(tmp_path: Path) -> None:
    """As anybody who may write to that folder could plant them."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"untouched")
    for name in (".orders.dump.part", ".orders.dump.json.part"):
        (tmp_path / name).symlink_to(theirs)
    before = os.umask(0)
    try:
        await local.settle(await written(tmp_path), {})
    finally:
        os.umask(before)
    assert theirs.read_bytes() == b"untouched"
    for dump in (tmp_path / "orders.dump", tmp_path / "orders.dump.json"):
        assert not dump.is_symlink() and dump.stat().st_mode & 0o777 == 0o600


async def test_a_manifest_without_its_dump_does_not_count(tmp_path: Path) -> None:
    await local.settle(await written(tmp_path), {"database": "orders"})
    assert await local.manifest(str(tmp_path), "orders.dump") == {"database": "orders"}

    (tmp_path / "orders.dump").unlink()
    assert await local.manifest(str(tmp_path), "orders.dump") is None
    await local.discard(str(tmp_path), "orders.dump")
    assert names(tmp_path) == []
    assert await local.manifest(str(tmp_path), "orders.dump") is None


async def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(Rejected, match=r"taken: (file exists|not a directory)"):
        await written(tmp_path / "taken")


async def test_a_full_disk_is_an_error_worth_retrying(tmp_path: Path) -> None:
    with room_for(len(WHOLE) // 2), pytest.raises(Unreachable, match="file too large"):
        await written(tmp_path)
    assert names(tmp_path) == []


async def test_a_missing_file_is_distinguished_from_an_unreadable_one(tmp_path: Path) -> None:
    with pytest.raises(Gone):
        await sum_of(local.read(str(tmp_path), "orders.dump"))
    (tmp_path / "a folder").mkdir()
    with pytest.raises(Damaged) as raised:
        await sum_of(local.read(str(tmp_path), "a folder"))
    assert not isinstance(raised.value, Gone)


async def test_removing_a_dump_removes_its_manifest_and_says_whether_it_existed(tmp_path: Path) -> None:
    await local.settle(await written(tmp_path), {})

    assert await local.remove(str(tmp_path), "orders.dump")
    assert names(tmp_path) == []
    assert not await local.remove(str(tmp_path), "orders.dump")


async def test_a_hung_disk_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a network file system whose server is down: reads block for ever."""
    (tmp_path / "orders.dump").write_bytes(b"PGDMP")
    monkeypatch.setattr(local, "SILENT_FOR_AT_MOST_S", 0.2)
    loop, hung = asyncio.get_running_loop(), Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    waiting = loop.run_in_executor(None, hung.wait)
    try:
        with pytest.raises(Unanswered, match="its disk has not answered"):
            await sum_of(local.read(str(tmp_path), "orders.dump"))
    finally:
        hung.set()
        await waiting
        # The file it had opened is closed again.
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})


@pytest.mark.parametrize("put", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
async def test_something_else_in_a_dumps_place_is_damaged_and_does_not_block(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    put(tmp_path / "orders.dump")
    with pytest.raises(Damaged, match="its dump is no file"):
        await sum_of(local.read(str(tmp_path), "orders.dump"))


async def test_a_manifest_that_does_not_fit_on_the_disk_leaves_the_former_one_intact(tmp_path: Path) -> None:
    draft = await local.write(str(tmp_path), "orders.dump", pieces(b"PGDMP"), lambda size: None)
    with room_for(1000), pytest.raises(Unreachable):
        await local.settle(draft, {"note": "a" * 9000})
    assert names(tmp_path) == [".orders.dump.part"]
    await local.settle(draft, {"note": "short"})
    with room_for(1000), pytest.raises(Unreachable):
        await local.describe(str(tmp_path), "orders.dump", {"note": "a" * 9000})
    assert await local.manifest(str(tmp_path), "orders.dump") == {"note": "short"}
    assert names(tmp_path) == ["orders.dump", "orders.dump.json"]

    # As left by a process killed while writing one.
    (tmp_path / ".orders.dump.json.part").write_text("{")
    await local.discard(str(tmp_path), "orders.dump")
    assert names(tmp_path) == ["orders.dump", "orders.dump.json"]


async def test_an_invalid_manifest_does_not_hide_its_dump(tmp_path: Path) -> None:
    for name in ("deep", "folder", "pipe"):
        (tmp_path / f"{name}.dump").write_bytes(b"PGDMP")
    (tmp_path / "deep.dump.json").write_text("[" * 100_000)
    (tmp_path / "folder.dump.json").mkdir()
    os.mkfifo(tmp_path / "pipe.dump.json")

    found = [kept.file for kept in await local.kept(str(tmp_path), [".dump"])]
    assert sorted(found) == ["deep.dump", "folder.dump", "pipe.dump"]
    for name in found:
        with pytest.raises(Damaged, match="its manifest"):
            await local.manifest(str(tmp_path), name)
