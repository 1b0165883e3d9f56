"""The room that drills and restores take on the disk of a server: where it can be known, it is never used up.

A PostgreSQL whose disk is full stops, and with it whatever uses it.
"""

import asyncio
from collections.abc import Callable, Coroutine
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
    """The share of the disk that is left to the server itself, for its log and its own writes; and what else to do."""

    left_free: float
    instead: str


DRILLED = Margin(0.1, "name another server for its drills as drill_on")
# The data is wanted back: closer to the edge, and still not over it.
RESTORED = Margin(0.03, "make room there; databases that earlier restores kept, tocsin_before_…, may be dropped")


class Measured(Protocol):
    """What is asked of a restorer."""

    async def room(self, backup: Any) -> FreeSpace | None: ...

    async def prospect(self, backup: Any) -> Prospect: ...


class DiskSpace:
    """Looks before, and again while the scratch database grows."""

    def __init__(self, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._look_every_s = look_every_s

    async def must_fit(
        self, wanted: Backup, restorer: Measured, margin: Margin, needs: int | None = None
    ) -> FreeSpace | None:
        """What is free; None = that cannot be known. `needs`, in bytes: None = as much as the target takes.

        Raises Rejected when it does not fit.
        """
        room = await restorer.room(wanted)
        if room is None:
            return None
        takes = needs if needs is not None else (await restorer.prospect(wanted)).needs or 0
        if room.free - takes < room.total * margin.left_free:
            raise Rejected(
                f"it takes about {size_shown(takes)}, and of the {size_shown(room.total)} disk of its server only "
                f"{size_shown(room.free)} are free: {margin.instead}"
            )
        return room

    async def watched(
        self, wanted: Backup, restorer: Measured, fill: Callable[[], Coroutine[Any, Any, None]],
        margin: Margin, needs: int | None = None,
    ) -> None:  # fmt: skip
        """Raises Rejected when it does not fit; what has been made by then has to be dropped."""
        if await self.must_fit(wanted, restorer, margin, needs) is None:
            await fill()
            return
        work = asyncio.create_task(fill())
        try:
            while not work.done():
                await asyncio.wait([work], timeout=self._look_every_s)
                room = await restorer.room(wanted)
                if not work.done() and room and room.free < room.total * margin.left_free:
                    raise Rejected(f"only {size_shown(room.free)} are free on the disk of its server: {margin.instead}")
            await work
        finally:
            work.cancel()
            await asyncio.wait([work])
