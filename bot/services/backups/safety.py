"""The way back: a backup of what a restore is about to replace."""

from bot.domain.actor import Actor
from bot.domain.backups.restore import NOT_THERE, Restore
from bot.domain.errors import Rejected
from bot.services.backups.backups import Backups
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.restore_ledger import RestoreLedger


class SafetyBackups:
    """One before each restore; a database that is gone needs none."""

    def __init__(self, backups: Backups, recovery: BackupRecovery, ledger: RestoreLedger) -> None:
        self._backups = backups
        self._recovery = recovery
        self._ledger = ledger

    async def take(self, restore: Restore) -> None:
        """Take it. Raises Rejected when it fails, unless the restore was begun by breaking the glass.

        Even then it is required where the target is overwritten: a swap keeps the old database, overwriting does not.
        """
        if not await self._recovery.exists(restore.name):
            await self._ledger.saved(restore, None, NOT_THERE)
            return
        safety = await self._backups.save_before(Actor(restore.asked_by), restore.name, restore.id)
        if safety.state == "good":
            await self._ledger.saved(restore, safety.id, None)
            return
        if restore.reason is None:
            raise Rejected(f"the safety backup before it {safety.state}: {safety.error}")
        if not self._recovery.exchanges(restore.name):
            raise Rejected(
                f"without a safety backup it would be overwritten for good, and that {safety.state}: {safety.error}"
            )
        await self._ledger.saved(restore, None, safety.error or safety.state)
