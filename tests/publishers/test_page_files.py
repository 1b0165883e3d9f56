"""A status page's files: complete at every instant, and never replaced by older ones."""

import asyncio
import os
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.updates.status_page import Edition, PageFiles
from bot.publishers._page_bucket import write_to_bucket
from bot.publishers._page_folder import VERSION, Folders
from bot.publishers._page_versions import NOT_BELIEVED_US
from bot.settings import Settings
from bot.wire.http_client import TooLate, only_before
from bot.wire.s3 import Access
from tests.stored_in_s3 import STORES, Store

NOW_US = 1_786_024_800_000_000


def edition(version: int, to: str | None = None) -> Edition:
    said = f"edition {version}".encode()
    return Edition(to, NOW_US + version, PageFiles(html=said, json=said, atom=said, policy=""))


def shown(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in edition(0).files.by_name}


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def drafts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


async def test_a_folder_gets_three_world_readable_files_and_never_a_half_written_one(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "status"
    before = os.umask(0o077)
    try:
        await Folders().write(str(folder), edition(1))
    finally:
        os.umask(before)

    assert names(folder) == [VERSION, "index.html", "status.atom", "status.json"]
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in edition(0).files.by_name} == {0o644}
    assert shown(folder) == {"edition 1"}


async def test_a_late_writer_does_not_overwrite_a_newer_page(tmp_path: Path) -> None:
    await Folders().write(str(tmp_path), edition(2))
    await Folders().write(str(tmp_path), edition(1))
    assert shown(tmp_path) == {"edition 2"}
    await Folders().write(str(tmp_path), edition(2))
    await Folders().write(str(tmp_path), edition(3))
    assert shown(tmp_path) == {"edition 3"}


async def test_of_many_concurrent_writers_the_newest_edition_wins(tmp_path: Path) -> None:
    async def insist(number: int) -> None:
        while True:
            try:
                return await Folders().write(str(tmp_path), edition(number))
            except Unreachable:
                await asyncio.sleep(0)

    await asyncio.gather(*(insist(number) for number in (3, 1, 5, 2, 4)))
    assert shown(tmp_path) == {"edition 5"}


async def test_a_version_far_in_the_future_comes_from_a_wrong_clock_and_blocks_nobody(tmp_path: Path) -> None:
    await Folders().write(str(tmp_path), edition(NOT_BELIEVED_US + 1))
    await Folders().write(str(tmp_path), edition(0))
    assert shown(tmp_path) == {"edition 0"}
    await Folders().write(str(tmp_path), edition(NOT_BELIEVED_US))
    await Folders().write(str(tmp_path), edition(0))
    assert shown(tmp_path) == {f"edition {NOT_BELIEVED_US}"}


async def test_a_process_frozen_until_its_lease_expired_replaces_nothing(tmp_path: Path) -> None:
    await Folders().write(str(tmp_path), edition(1))
    with only_before(lambda: True), pytest.raises(TooLate):
        await Folders().write(str(tmp_path), edition(2))
    assert shown(tmp_path) == {"edition 1"}
    assert not drafts(tmp_path)


async def test_a_symlink_planted_in_place_of_a_draft_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / ".index.html.part").symlink_to(elsewhere)
    await Folders().write(str(tmp_path), edition(1))
    assert elsewhere.read_text() == "precious"


async def test_a_folder_that_cannot_be_created_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Rejected, match="not a directory"):
        await Folders().write(str(tmp_path / "file" / "status"), edition(1))


class Hanging(PageFiles):
    """Files on a hanging network disk, until it answers."""

    answers = threading.Event()
    threads: ClassVar[set[int]] = set()

    @property
    def by_name(self) -> dict[str, tuple[str, bytes]]:
        self.threads.add(threading.get_ident())
        self.answers.wait()
        return super().by_name


async def test_a_hanging_disk_blocks_one_thread_however_often_it_is_retried(tmp_path: Path) -> None:
    folders, said = Folders(answers_within_s=0.01), b"at last"
    hanging = Edition(None, NOW_US + 1, Hanging(html=said, json=said, atom=said, policy=""))
    try:
        with pytest.raises(Unanswered):
            await folders.write(str(tmp_path), hanging)
        for _ in range(5):
            with pytest.raises(Unreachable):
                await folders.write(str(tmp_path), hanging)
        await Folders().write(str(tmp_path / "another"), edition(1))
        assert len(Hanging.threads) == 1
    finally:
        Hanging.answers.set()


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with STORES[request.param]() as store:
        yield store


@pytest.fixture
async def access(store: Store) -> AsyncIterator[Access]:
    yield Access(Settings.from_environment(store.environ), answers_within_s=5, attempts=1)


async def test_a_bucket_gets_the_files_with_content_types_and_never_an_older_over_a_newer_one(
    store: Store, access: Access
) -> None:
    bucket = store.bucket("page")
    to = f"{bucket}/public"
    for number in (2, 1, 2):
        await write_to_bucket(access, to, edition(number, to))

    assert store.names(bucket) == ["public/index.html", "public/status.atom", "public/status.json"]
    assert {store.content(bucket, name) for name in store.names(bucket)} == {b"edition 2"}
    found = store.client.head_object(Bucket="page", Key="public/index.html")
    assert found["ContentType"] == "text/html; charset=utf-8"
    await write_to_bucket(access, to, edition(3, to))
    assert {store.content(bucket, name) for name in store.names(bucket)} == {b"edition 3"}


async def test_a_missing_bucket_is_named(store: Store, access: Access) -> None:
    with pytest.raises(Rejected, match="no such bucket"):
        await write_to_bucket(access, "s3://nowhere", replace(edition(1), to="s3://nowhere"))
