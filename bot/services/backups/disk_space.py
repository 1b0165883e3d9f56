"""Disk space for drills and restores on the database server; where it can be measured, they never fill the disk.

A PostgreSQL with a full disk stops, and takes its users down with it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.domain.backups.backup import size_shown
from bot.domain.backups.target import Prospect
from bot.domain.errors import Rejected
from bot.dumpers import FreeSpace
from bot.runbook.backups import Backup

LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Margin:
    """`left_free`: the share of the disk kept for the server's own log and writes; `instead`: advice when it does not
    fit."""

    left_free: float
    instead: str


DRILLED = Margin(0.1, "name another server for its drills as drill_on")
# The data is needed back: go closer to the edge, but not over it.
RESTORED = Margin(0.03, "make room there; databases that earlier restores kept, tocsin_before_…, may be dropped")


class Measured(Protocol):
    """What is needed of a restorer."""

    async def disks(self, backup: Any) -> Sequence[FreeSpace]: ...

    async def prospect(self, backup: Any) -> Prospect: ...


class DiskSpace:
    """Checks space before, and again while the scratch database grows."""

    def __init__(self, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._look_every_s = look_every_s

    async def must_fit(self, wanted: Backup, restorer: Measured, margin: Margin, needs: int | None = None) -> bool:
        """Whether it fits; False: it cannot be measured. `needs`: bytes; None: the target's size.

        Raises Rejected when it does not fit.
        """
        disks = await restorer.disks(wanted)
        if not disks:
            return False
        takes = needs if needs is not None else (await restorer.prospect(wanted)).needs or 0
        for disk in disks:
            # Every write also goes through the log, which keeps no more than what falls between two checkpoints.
            log = min(takes, disk.log)
            if disk.free - takes * disk.holds - log < disk.total * margin.left_free:
                raise Rejected(f"{_taken(takes if disk.holds else 0, log)}, and {_free(disk)}: {margin.instead}")
        return True

    async def watched(
        self, wanted: Backup, restorer: Measured, fill: Callable[[], Coroutine[Any, Any, None]],
        margin: Margin, needs: int | None = None,
    ) -> None:  # fmt: skip
        """Run `fill`, checking space meanwhile. Raises Rejected when it does not fit; the caller drops what was
        made."""
        if not await self.must_fit(wanted, restorer, margin, needs):
            await fill()
            return
        work = asyncio.create_task(fill())
        try:
            while not work.done():
                await asyncio.wait([work], timeout=self._look_every_s)
                for disk in await restorer.disks(wanted):
                    if not work.done() and disk.free < disk.total * margin.left_free:
                        raise Rejected(f"{_free(disk)}: {margin.instead}")
            await work
        finally:
            work.cancel()
            await asyncio.wait([work])


def _taken(files: int, log: int) -> str:
    parts = [f"about {size_shown(files)}"] * (files > 0) + [f"up to {size_shown(log)} of log"] * (log > 0)
    return f"it takes {' and '.join(parts) or 'next to nothing'}"


def _free(disk: FreeSpace) -> str:
    return f"of the {size_shown(disk.total)} disk of its server only {size_shown(disk.free)} are free"
