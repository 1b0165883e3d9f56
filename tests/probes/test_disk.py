"""What a probe of a disk finds."""

import asyncio
import shutil
import threading
from pathlib import Path

import pytest

from bot.probes._look import MOST_THAT_HANG
from bot.probes.disk import expects, probe
from bot.runbook.health import DiskCheck


def a_check(folder: Path | str, **wishes: str) -> DiskCheck:
    return DiskCheck.model_validate({"key": "disk", "disk": str(folder), **wishes})


def a_little_used(folder: Path) -> float:
    """How full its disk is for non-root users, in per cent."""
    usage = shutil.disk_usage(folder)
    return 100 * usage.used / (usage.used + usage.free)


async def test_a_disk_with_room_is_healthy_and_says_how_much(tmp_path: Path) -> None:
    finding = await probe(a_check(tmp_path, used_below="100%"))

    assert (finding.state, finding.reason) == ("healthy", "")
    assert "% used, " in finding.value
    assert finding.value.endswith(" free")


async def test_a_disk_fuller_than_its_limit_is_degraded(tmp_path: Path) -> None:
    finding = await probe(a_check("/proc/self" if not a_little_used(tmp_path) else tmp_path, used_below="0.0001%"))

    assert finding.state == "degraded"
    assert finding.reason.endswith("in use, wanted below 0.0001%")


async def test_a_missing_folder_is_down(tmp_path: Path) -> None:
    finding = await probe(a_check(tmp_path / "nowhere"))

    assert (finding.state, finding.reason) == ("down", "there is no such folder on this machine")


async def test_a_disk_that_hangs_all_night_blocks_only_a_few_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage_of, back, before = shutil.disk_usage, threading.Event(), set(threading.enumerate())

    def hang(folder: Path) -> object:
        back.wait(10)
        return usage_of(folder)

    monkeypatch.setattr(shutil, "disk_usage", hang)
    try:
        looks = [asyncio.create_task(probe(a_check(tmp_path, used_below="100%"))) for _ in range(20)]
        ended, waiting = await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
        found = {(look.result().state, look.result().reason) for look in ended}
        assert found == {("down", "the disk hangs: earlier looks at it have not come back")}
        assert len(set(threading.enumerate()) - before) == len(waiting) == MOST_THAT_HANG
    finally:
        back.set()

    assert {(await look).state for look in waiting} == {"healthy"}
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert (await probe(a_check(tmp_path, used_below="100%"))).state == "healthy"


def test_the_expectation_is_described_in_a_few_words() -> None:
    assert expects(a_check("/var/backups")) == "used below 80%"
