"""The room that a drill takes on the disk of a database's server: where it can be known, it is never used up.

A PostgreSQL whose disk is full stops, and with it whatever uses it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from bot.domain.backups.backup import size_shown
from bot.domain.backups.target import Prospect
from bot.domain.errors import Rejected
from bot.dumpers import FreeSpace
from bot.runbook.backups import Backup

LOOK_EVERY_S = 1.0
# What is left to the server itself, for its log and its own writes.
LEFT_FREE = 0.1
INSTEAD = "name another server for its drills as drill_on"


class Measured(Protocol):
    """What is asked of a restorer."""

    async def room(self, backup: Any) -> FreeSpace | None: ...

    async def prospect(self, backup: Any) -> Prospect: ...


class DiskSpace:
    """Looks before, and again while the scratch database grows."""

    def __init__(self, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._look_every_s = look_every_s

    async def watched(self, wanted: Backup, restorer: Measured, fill: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Raises Rejected when it does not fit; what has been made by then has to be dropped."""
        room = await restorer.room(wanted)
        if room is None:
            await fill()
            return
        needs = (await restorer.prospect(wanted)).needs or 0
        if room.free - needs < room.total * LEFT_FREE:
            raise Rejected(
                f"it takes about {size_shown(needs)}, and of the {size_shown(room.total)} disk of its server only "
                f"{size_shown(room.free)} are free: {INSTEAD}"
            )
        work = asyncio.create_task(fill())
        try:
            while not work.done():
                await asyncio.wait([work], timeout=self._look_every_s)
                room = await restorer.room(wanted)
                if not work.done() and room and room.free < room.total * LEFT_FREE:
                    raise Rejected(f"only {size_shown(room.free)} are free on the disk of its server: {INSTEAD}")
            await work
        finally:
            work.cancel()
            await asyncio.wait([work])
