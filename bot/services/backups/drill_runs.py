"""Carries out a drill: picks a valid backup, restores it beside its database, checks it, and cleans up."""

import time
from collections.abc import Collection
from datetime import timedelta
from functools import partial

from bot.domain.actor import Actor
from bot.domain.backups.backup import Backup
from bot.domain.backups.drill import Drill, DrillFindings
from bot.domain.errors import Failed, Rejected
from bot.services.backups.drill_ledger import DrillLedger
from bot.services.backups.long_work import LongWork, side_by_side
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.verdicts import Verdicts
from bot.store.pipelined import Connection


class DrillRuns:
    """The drills of this process. A failed one is an alert, closed by the next good one."""

    def __init__(self, ledger: DrillLedger, recovery: BackupRecovery, verdicts: Verdicts) -> None:
        self._ledger = ledger
        self._recovery = recovery
        self._verdicts = verdicts
        self._work = LongWork("drill", ledger)

    @property
    def own(self) -> Collection[int]:
        return self._work.own

    def start(self, drill: Drill) -> None:
        """Run it; its row must be committed."""
        # Sweeps however it ended; if this process dies first, another one sweeps.
        self._work.start(drill.id, self._rehearse(drill), lambda: self._sweep_anew(drill))

    async def finish(self, timeout_s: float) -> None:
        await self._work.finish(timeout_s)

    async def tell(self, conn: Connection, drill: Drill) -> None:
        """Show its state to people; once it is over, open or close its alert."""
        await self._ledger.tell(conn, drill)

    async def sweep(self, drill: Drill) -> None:
        """Remove its scratch database; retried later if that fails."""
        try:
            await self._recovery.drop_drilled(drill.name, drill.scratch, drill.place)
        except Failed as error:
            await self._ledger.left(drill, str(error))
        else:
            await self._ledger.swept(drill)

    async def _sweep_anew(self, drill: Drill) -> None:
        """`sweep` with the row as it is now."""
        await self.sweep(await self._ledger.now(drill))

    async def _rehearse(self, drill: Drill) -> None:
        """Do all of a restore except the exchange, so that the time taken is realistic."""
        begun_s = time.monotonic()
        backup = await self._chosen(drill)
        await self._ledger.move_on(drill, "saving", backup)
        _, found = await side_by_side(self._save(drill), self._bring_back(drill, backup))
        await self._ledger.succeed(drill, found, timedelta(seconds=time.monotonic() - begun_s))

    async def _chosen(self, drill: Drill) -> Backup:
        """The backup asked for, else the newest valid one."""
        await self._ledger.move_on(drill, "reading")
        actor = Actor(drill.started_by)
        if drill.backup_id is None:
            backup = await self._verdicts.newest_valid(actor, drill.name, in_full=False)
        else:
            backup = await self._verdicts.judge(actor, await self._ledger.backup(drill.backup_id), in_full=False)
        if backup is None or backup.state != "good":
            why = f"backup {backup.id} is damaged" if backup else "there is no valid backup of it"
            raise Rejected(f"{why}: `/backup list {drill.name}` shows what there is, `/backup run` makes one")
        return backup

    async def _save(self, drill: Drill) -> None:
        await self._recovery.rehearse_saving(drill.name)
        await self._ledger.saved(drill)

    async def _bring_back(self, drill: Drill, backup: Backup) -> DrillFindings:
        place = await self._recovery.place_of(drill.name, drill.scratch, drilled=True)
        await self._ledger.move_on(drill, "restoring", place=place)
        told = partial(self._ledger.move_on, drill)
        return await self._recovery.bring_back(backup, drill.scratch, told, drilled=True)
