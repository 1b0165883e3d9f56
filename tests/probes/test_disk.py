"""What a look at a disk finds."""

import shutil
from pathlib import Path

from bot.probes.disk import expects, probe
from bot.runbook.health import DiskCheck


def a_check(folder: Path | str, **wishes: str) -> DiskCheck:
    return DiskCheck.model_validate({"key": "disk", "disk": str(folder), **wishes})


def a_little_used(folder: Path) -> float:
    """How much of its disk is in use, in per cent, for whoever is not root."""
    usage = shutil.disk_usage(folder)
    return 100 * usage.used / (usage.used + usage.free)


async def test_a_disk_with_room_is_healthy_and_says_how_much(tmp_path: Path) -> None:
    finding = await probe(a_check(tmp_path, used_below="100%"))

    assert (finding.state, finding.reason) == ("healthy", "")
    assert "% used, " in finding.value
    assert finding.value.endswith(" free")


async def test_a_disk_that_is_fuller_than_wanted_is_degraded(tmp_path: Path) -> None:
    finding = await probe(a_check("/proc/self" if not a_little_used(tmp_path) else tmp_path, used_below="0.0001%"))

    assert finding.state == "degraded"
    assert finding.reason.endswith("in use, wanted below 0.0001%")


async def test_a_folder_that_is_not_there_is_down(tmp_path: Path) -> None:
    finding = await probe(a_check(tmp_path / "nowhere"))

    assert (finding.state, finding.reason) == ("down", "there is no such folder on this machine")


def test_what_is_expected_is_said_in_a_few_words() -> None:
    assert expects(a_check("/var/backups")) == "used below 80%"
