"""Carries out a backup: dumps, writes, reads back, names it, and records the outcome."""

import logging
from collections.abc import Collection
from dataclasses import replace

from bot.domain.backups.backup import Backup, Damaged
from bot.domain.errors import Failed, Refused
from bot.services.backups.dumps import Dumps
from bot.services.backups.ledger import BackupLedger
from bot.services.backups.long_work import LongWork, until_recorded
from bot.services.backups.retention import Retention
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class Runs:
    """The backups this process makes."""

    def __init__(self, ledger: BackupLedger, dumps: Dumps, retention: Retention) -> None:
        self._ledger = ledger
        self._dumps = dumps
        self._retention = retention
        self._work = LongWork("backup", ledger)

    @property
    def own(self) -> Collection[int]:
        """Runs this process knows to be alive."""
        return self._work.own

    def start(self, backup: Backup) -> None:
        """Run it; its row must be committed."""
        self._ledger.open(backup)
        self._work.start(backup.id, self._make(backup))

    async def until_over(self, backup_id: int) -> None:
        """Wait for the end of a run of this process."""
        await self._work.until_over(backup_id)

    async def finish(self, timeout_s: float) -> None:
        """Stop at shutdown, as `LongWork.finish`."""
        await self._work.finish(timeout_s)

    async def tell(self, conn: Connection, backup: Backup) -> None:
        """Show its state to people; once it is over, open or close its alert."""
        await self._ledger.tell(conn, backup)

    def take_over(self, lost: Backup) -> None:
        """Take over from a dead process: check what its run left, or finish the deletion it began."""
        self._work.start(lost.id, self._remove(lost) if lost.is_whole else self._salvage(lost))

    async def _make(self, backup: Backup) -> None:
        progress = self._ledger.open(backup)
        try:
            await self._dumps.claim(backup, await self._ledger.earlier(backup, self._dumps.machine))
            made = await self._dumps.make(backup, progress.tally, progress.note)
            await self._ledger.succeed(backup, made)
        finally:
            self._ledger.close(backup)
        await until_recorded(lambda: self._retention.tidy(backup.name))

    async def _remove(self, old: Backup) -> None:
        await until_recorded(lambda: self._retention.go_on(old))

    async def _salvage(self, lost: Backup) -> None:
        """A run that died after its dump got its name succeeded after all, if that can be read back.

        What cannot be checked now is checked again later.
        """
        try:
            left = await self._dumps.left_by(lost)
            if left is not None:
                made = left.made
                await self._dumps.prove(replace(lost, size=made.size, sha256=made.sha256, counts=made.counts))
                await self._ledger.succeed(lost, made)
            elif self._dumps.sees(lost):
                await self._ledger.swept(lost)
        except Damaged as error:
            log.warning("backup=%s lost, and its file is of no use: %s", lost.id, error)
            await self._ledger.swept(lost)
        except (Failed, Refused) as error:
            log.warning("backup=%s lost, and its leftovers cannot be read now: %s", lost.id, error)
