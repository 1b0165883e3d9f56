"""Checks how full the disk is that holds a folder."""

import shutil

from bot.domain.backups.backup import size_shown
from bot.domain.checks.check import ProbeResult, no_answer, uncrowded
from bot.probes._look import StillLooking, Stopwatch, in_a_thread, reason_of
from bot.runbook.health import DiskCheck

KIND = "disk"
MEASURES = "% used"


async def probe(check: DiskCheck) -> ProbeResult:
    watch = Stopwatch()
    try:
        usage = await in_a_thread(lambda: shutil.disk_usage(check.target), f"look at {check.target}")
    except StillLooking:
        return no_answer("the disk hangs: earlier looks at it have not come back", watch.elapsed)
    except FileNotFoundError:
        return no_answer("there is no such folder on this machine", watch.elapsed)
    except OSError as error:
        return no_answer(reason_of(error), watch.elapsed)
    # Excludes the blocks reserved for root.
    usable = usage.used + usage.free
    share = 100 * usage.used / usable if usable else 100.0
    value = f"{share:.0f}% used, {size_shown(usage.free)} free"
    return uncrowded(ProbeResult("healthy", value, watch.elapsed, measured=share), usage.used, usable, check.used_below)


def expects(check: DiskCheck) -> str:
    return f"used below {check.used_below:g}%"
