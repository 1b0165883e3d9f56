"""Records restores: each stage as it begins, and the outcome."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.backups.backup import LOST_AFTER, Backup
from bot.domain.backups.drill import DrillFindings, Stage
from bot.domain.backups.restore import Restore
from bot.domain.errors import Rejected
from bot.runbook import Runbook
from bot.services.backups.leftovers import Leftovers
from bot.services.backups.long_work import until_recorded
from bot.services.backups.restore_log import RestoreLog
from bot.store.backups import backups, restores
from bot.store.database import Database
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class RestoreLedger:
    """The ledger of long work `restore`."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, steps: RestoreLog, leftovers: Leftovers) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._steps = steps
        self._leftovers = leftovers
        self._bytes_back: dict[int, int] = {}

    async def backup(self, restore: Restore) -> Backup:
        async def read() -> Backup:
            async with self._db.transaction() as conn:
                return await backups.get(conn, restore.backup_id)

        return await until_recorded(read, within=LOST_AFTER)

    async def now(self, restore: Restore) -> Restore:
        """Its current state."""
        async with self._db.transaction() as conn:
            return await restores.get(conn, restore.id)

    async def move_on(self, restore: Restore, stage: Stage, *, number: int | None = None) -> None:
        """Record the next stage. Raises Rejected if others have given the restore up, after which it must touch
        nothing.

        Short outages of our database are ridden out, but only for LOST_AFTER: nobody expects an approved restore to
        resume hours later. `number`: see `Restore.scratch_number`.
        """

        async def record() -> None:
            async with self._db.transaction() as conn:
                if not await restores.move_on(conn, restore.id, stage, self._clock.now(), number=number):
                    raise Rejected("it has been given up for lost meanwhile")
                await self._steps.write(conn, await restores.get(conn, restore.id), stage, TOCSIN.name)

        await until_recorded(record, within=LOST_AFTER)

    def note(self, restore: Restore, size: int) -> None:
        """Note the bytes of the backup restored so far; the next heartbeat reports them."""
        self._bytes_back[restore.id] = size

    async def beat(self, number: int) -> None:
        async with self._db.transaction() as conn:
            done = self._bytes_back.get(number, 0)
            if restore := await restores.hear(conn, number, bytes_back=done, now=self._clock.now()):
                await self._steps.show(conn, restore)

    async def saved(self, restore: Restore, safety_id: int | None, error: str | None) -> None:
        """Record the safety backup; None = there is none, for the reason `error`."""

        async def record() -> None:
            async with self._db.transaction() as conn:
                await restores.saved(conn, restore.id, safety_id=safety_id, error=error)
                now = await restores.get(conn, restore.id)
                await self._steps.write(conn, now, "saved" if safety_id else "unsaved", TOCSIN.name)

        await until_recorded(record, within=LOST_AFTER)

    async def succeed(self, restore: Restore, found: DrillFindings, took: timedelta, *, kept: bool) -> None:
        rto = self._wanted[restore.name].rto
        await self._record(
            "done",
            lambda conn: restores.done(conn, restore.id, found, kept=kept, took=took, rto=rto, now=self._clock.now()),
        )
        log.info("restore=%s name=%s done seconds=%.1f", restore.id, restore.name, took.total_seconds())

    async def fail(self, number: int, error: str) -> None:
        if await self._record("failed", lambda conn: restores.fail(conn, number, error=error, now=self._clock.now())):
            log.warning("restore=%s failed error=%r", number, error)

    async def swept(self, restore: Restore, *, in_place: bool, kept: bool) -> None:
        """Record that it is cleaned up, and what was found: that tells how a restore ended whose process could not
        say."""
        self._bytes_back.pop(restore.id, None)
        async with self._db.transaction() as conn:
            at = restore.ended_at if in_place else None
            swept = await restores.swept(conn, restore.id, kept=kept, exchanged_at=at)
            await self._leftovers.gone(conn, restore.name, restore.scratch)
            if swept and swept.state in ("failed", "lost"):
                await self._steps.write(conn, swept, "looked", TOCSIN.name)

    async def left(self, restore: Restore, why: str) -> None:
        """Record that it could not be cleaned up, and why.

        Only logged for one that is done, of which nothing is left, or may be done, whose own message says what is
        there.
        """
        if restore.state == "done" or restore.is_unsettled or restore.prospect is None:
            log.warning("restore=%s database=%s cannot be cleared up: %s", restore.id, restore.scratch, why)
            return
        async with self._db.transaction() as conn:
            place = replace(restore.target, database=restore.scratch)
            again_at = await self._leftovers.keep(conn, restore.name, restore.scratch, place, why)
            await restores.sweep_again(conn, restore.id, again_at)
            await self._steps.show(conn, restore)

    async def _record(self, step: str, write: Callable[[Connection], Awaitable[Restore | None]]) -> bool:
        """Record the end as a step; False: it was over before."""
        ended: Restore | None = None

        async def record() -> None:
            nonlocal ended
            async with self._db.transaction() as conn:
                if ended := await write(conn):
                    await self._steps.write(conn, ended, step, TOCSIN.name)

        await until_recorded(record)
        return ended is not None
