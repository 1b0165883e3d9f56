"""Carries out a restore: saves what is there, brings the backup back beside it, and puts that into its place."""

import logging
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.backup import Backup
from bot.domain.backups.drill import Found
from bot.domain.backups.restore import NOT_THERE, OVERWRITING, Restore
from bot.domain.errors import Failed, Refused, Rejected
from bot.runbook import Runbook
from bot.services.backups.backups import Backups
from bot.services.backups.long_work import Background, side_by_side, until_recorded
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.restore_log import BackupRestoreLog
from bot.services.backups.verdicts import BackupVerdicts
from bot.store.backups import backups, restores
from bot.store.database import Database
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class BackupRestoreRuns:
    """The restores of this process. Until the last step the database itself is not touched."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        kept: Backups,
        verdicts: BackupVerdicts,
        recovery: BackupRecovery,
        diary: BackupRestoreLog,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._kept = kept
        self._verdicts = verdicts
        self._recovery = recovery
        self._diary = diary
        self._bytes_back: dict[int, int] = {}
        self._background = Background("restore", self._hear)

    @property
    def own(self) -> Collection[int]:
        return self._background.own

    def start(self, restore: Restore) -> None:
        """Run it in the background; its row has been committed."""
        self._background.start(restore.id, self._carry(restore))

    async def finish(self, timeout_s: float) -> None:
        await self._background.finish(timeout_s, self._stopped)

    async def sweep(self, restore: Restore) -> None:
        """Clear up after one that is over, and find out what it came to where its process could not say so."""
        try:
            in_place, kept = await self._look_and_drop(restore)
        except Failed as error:
            log.warning("restore=%s database=%s cannot be cleared up: %s", restore.id, restore.scratch, error)
            return
        async with self._db.transaction() as conn:
            at = restore.ended_at if in_place else None
            swept = await restores.swept(conn, restore.id, kept=kept, exchanged_at=at)
            if swept.state in ("failed", "lost"):
                await self._diary.write(conn, swept, "looked", TOCSIN.name)

    async def _look_and_drop(self, restore: Restore) -> tuple[bool, bool]:
        """Whether the restored data is in its place, and whether what was there before is kept."""
        name = restore.name
        await self._recovery.drop(name, restore.scratch)
        # Only now: a process that was frozen and wakes up has nothing left to exchange.
        kept = await self._recovery.exists(name, restore.aside)
        # Where it was overwritten, that something is there now says nothing.
        began_empty = restore.was_gone and not restore.is_mixed
        return kept or (began_empty and await self._recovery.exists(name)), kept

    async def _carry(self, restore: Restore) -> None:
        begun_s = time.monotonic()
        try:
            backup = await self._sound(restore)
            await self._move_on(restore, "saving")
            # Both only read the database itself: together they take half as long as one after the other.
            _, found = await side_by_side(self._save(restore), self._bring_back(restore, backup))
            kept = await self._put_in_place(restore, backup)
        except (Failed, Refused) as error:
            await self._fail(restore.id, str(error))
        except Exception as error:
            log.exception("restore=%s name=%s", restore.id, restore.name)
            await self._fail(restore.id, f"a fault in Tocsin: {type(error).__name__}")
        else:
            await self._done(restore, found, kept, timedelta(seconds=time.monotonic() - begun_s))
        finally:
            self._bytes_back.pop(restore.id, None)
        await until_recorded(lambda: self._sweep_anew(restore.id))

    async def _bring_back(self, restore: Restore, backup: Backup) -> Found:
        await self._move_on(restore, "restoring")
        return await self._recovery.bring_back(
            backup,
            restore.scratch,
            lambda stage: self._move_on(restore, stage),
            lambda size: self._bytes_back.update({restore.id: size}),
            # What was there before a restore is put back whatever the runbook says of it: that is the way back.
            overruled=restore.overruled is not None or backup.before_restore is not None,
        )

    async def _put_in_place(self, restore: Restore, backup: Backup) -> bool:
        """False: the database of before does not stand beside, because there was none or it was overwritten."""
        if self._recovery.exchanges(restore.name):
            await self._move_on(restore, "exchanging")
            return await self._recovery.exchange(restore.name, restore.scratch, restore.aside, restore.target)
        await self._move_on(restore, OVERWRITING)
        await self._recovery.overwrite(backup, restore.scratch, restore.target)
        return False

    async def _sound(self, restore: Restore) -> Backup:
        """The backup, read back just now."""
        await self._move_on(restore, "reading")
        async with self._db.transaction() as conn:
            backup = await backups.get(conn, restore.backup_id)
        await self._recovery.must_still_lead_to(backup, restore.target)
        judged = await self._verdicts.judge(Actor(restore.asked_by), backup, in_full=False)
        if judged.state != "good":
            raise Rejected(f"backup {judged.id} is damaged: {judged.error}")
        return judged

    async def _save(self, restore: Restore) -> None:
        """A backup of what is there now. Raises Rejected when there is none, unless somebody has broken the glass.

        What is exchanged is kept beside in any case; what is overwritten is not, and has no other way back than this.
        A database that is gone needs no saving.
        """
        if not await self._recovery.exists(restore.name):
            await self._saved(restore, None, NOT_THERE)
            return
        safety = await self._kept.save_before(Actor(restore.asked_by), restore.name, restore.id)
        if safety.state == "good":
            await self._saved(restore, safety.id, None)
            return
        if restore.reason is None:
            raise Rejected(f"the safety backup before it {safety.state}: {safety.error}")
        if not self._recovery.exchanges(restore.name):
            raise Rejected(
                f"without a safety backup it would be overwritten for good, and that {safety.state}: {safety.error}"
            )
        await self._saved(restore, None, safety.error or safety.state)

    async def _saved(self, restore: Restore, safety_id: int | None, error: str | None) -> None:
        async with self._db.transaction() as conn:
            await restores.saved(conn, restore.id, safety_id=safety_id, error=error)
            now = await restores.get(conn, restore.id)
            await self._diary.write(conn, now, "saved" if safety_id else "unsaved", TOCSIN.name)

    async def _move_on(self, restore: Restore, stage: str) -> None:
        """Raises Rejected when others have given it up for lost: then it must not touch anything any more."""
        async with self._db.transaction() as conn:
            if not await restores.move_on(conn, restore.id, stage, self._clock.now()):
                raise Rejected("it has been given up for lost meanwhile")
            await self._diary.write(conn, await restores.get(conn, restore.id), stage, TOCSIN.name)

    async def _hear(self, restore_id: int) -> None:
        """Others hear that it is alive, and people see how far it is."""
        done = self._bytes_back.get(restore_id, 0)
        async with self._db.transaction() as conn:
            if restore := await restores.hear(conn, restore_id, bytes_back=done, now=self._clock.now()):
                await self._diary.show(conn, restore)

    async def _done(self, restore: Restore, found: Found, kept: bool, took: timedelta) -> None:
        rto = self._wanted[restore.name].rto
        await self._record(
            "done",
            lambda conn: restores.done(conn, restore.id, found, kept=kept, took=took, rto=rto, now=self._clock.now()),
        )
        log.info("restore=%s name=%s done seconds=%.1f", restore.id, restore.name, took.total_seconds())

    async def _fail(self, restore_id: int, error: str) -> None:
        await self._record("failed", lambda conn: restores.fail(conn, restore_id, error=error, now=self._clock.now()))
        log.warning("restore=%s failed error=%r", restore_id, error)

    async def _stopped(self, restore_id: int) -> None:
        await self._fail(restore_id, "Tocsin was stopped while it ran")

    async def _record(self, step: str, write: Callable[[Connection], Awaitable[Restore | None]]) -> None:
        async def record() -> None:
            async with self._db.transaction() as conn:
                if ended := await write(conn):
                    await self._diary.write(conn, ended, step, TOCSIN.name)

        await until_recorded(record)

    async def _sweep_anew(self, restore_id: int) -> None:
        """With what is written down by now."""
        async with self._db.transaction() as conn:
            restore = await restores.get(conn, restore_id)
        await self.sweep(restore)
