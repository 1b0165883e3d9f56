"""Carries out a restore: saves the current data, restores the backup beside it, and swaps it in."""

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from bot.domain.actor import Actor
from bot.domain.backups.backup import Backup
from bot.domain.backups.drill import DrillFindings
from bot.domain.backups.restore import Restore
from bot.domain.errors import Failed, NotFound, Rejected
from bot.services.backups.long_work import LongWork, side_by_side
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.restore_ledger import RestoreLedger
from bot.services.backups.safety import SafetyBackups
from bot.services.backups.verdicts import Verdicts


class RestoreRuns:
    """The restores of this process. The database itself is not touched before the last step."""

    def __init__(
        self, ledger: RestoreLedger, verdicts: Verdicts, safety: SafetyBackups, recovery: BackupRecovery
    ) -> None:
        self._ledger = ledger
        self._verdicts = verdicts
        self._safety = safety
        self._recovery = recovery
        self._work = LongWork("restore", ledger)

    @property
    def own(self) -> Collection[int]:
        return self._work.own

    def must_know(self, restore: Restore) -> None:
        """Raise NotFound if this process's runbook lacks the entry."""
        if not self._recovery.knows(restore.name):
            raise NotFound(
                f"{restore.name} cannot be restored: the runbook no longer has it under `backups`. "
                "Put it back there and approve again, or reject this."
            )

    def start(self, restore: Restore) -> None:
        """Run it; its row must be committed."""
        self._work.start(restore.id, self._restore(restore), lambda: self._sweep_anew(restore))

    async def finish(self, timeout_s: float) -> None:
        await self._work.finish(timeout_s)

    async def sweep(self, restore: Restore) -> None:
        """Clean up after a finished restore, and find out how it ended if its process could not say."""
        try:
            in_place, kept = await self._look_and_drop(restore)
        except Failed as error:
            await self._ledger.left(restore, str(error))
        else:
            await self._ledger.swept(restore, in_place=in_place, kept=kept)

    async def _sweep_anew(self, restore: Restore) -> None:
        """`sweep` with the row as it is now."""
        await self.sweep(await self._ledger.now(restore))

    async def _look_and_drop(self, restore: Restore) -> tuple[bool, bool]:
        """Whether the restored data is in place, and whether the previous database is kept."""
        name = restore.name
        if restore.prospect:
            await self._recovery.must_lead_beside(name, replace(restore.target, running=restore.server_running))
        await self._recovery.drop(name, restore.scratch)
        # Look only after dropping the scratch database: then a frozen process that wakes up has nothing to swap in.
        kept = await self._recovery.exists(name, restore.aside)
        return kept or await self._is_in_place(restore), kept

    async def _is_in_place(self, restore: Restore) -> bool:
        """Compare the internal number: somebody may have dropped the target since, or created one."""
        if restore.scratch_number is None:
            return False
        return await self._recovery.number_of(restore.name, restore.target.database) == restore.scratch_number

    async def _restore(self, restore: Restore) -> None:
        begun_s = time.monotonic()
        backup = await self._sound(restore)
        await self._ledger.move_on(restore, "saving")
        # Both only read the database itself, and together take about half as long.
        _, found = await side_by_side(self._safety.take(restore), self._bring_back(restore, backup))
        kept = await self._put_in_place(restore, backup)
        await self._ledger.succeed(restore, found, timedelta(seconds=time.monotonic() - begun_s), kept=kept)

    async def _sound(self, restore: Restore) -> Backup:
        """The backup, just read back and found good."""
        await self._ledger.move_on(restore, "reading")
        backup = await self._ledger.backup(restore)
        await self._recovery.must_still_lead_to(backup, restore.target)
        judged = await self._verdicts.judge(Actor(restore.asked_by), backup, in_full=False)
        if judged.state != "good":
            raise Rejected(f"backup {judged.id} is damaged: {judged.error}")
        return judged

    async def _bring_back(self, restore: Restore, backup: Backup) -> DrillFindings:
        await self._ledger.move_on(restore, "restoring")
        return await self._recovery.bring_back(
            backup,
            restore.scratch,
            lambda stage: self._ledger.move_on(restore, stage),
            lambda size: self._ledger.note(restore, size),
            # Safety backups are restored even if they violate invariants: they are the way back.
            overruled=restore.overruled is not None or backup.before_restore is not None,
        )

    async def _put_in_place(self, restore: Restore, backup: Backup) -> bool:
        """Swap in or overwrite; False: no previous database is kept, as there was none or it was overwritten."""
        if self._recovery.exchanges(restore.name):
            number = await self._recovery.number_of(restore.name, restore.scratch)
            await self._ledger.move_on(restore, "exchanging", number=number)
            return await self._recovery.exchange(restore.name, restore.scratch, restore.aside, restore.target)
        await self._ledger.move_on(restore, "overwriting")
        await self._recovery.overwrite(backup, restore.scratch, restore.target)
        return False
