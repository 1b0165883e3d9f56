"""Carries out a drill: chooses a valid backup, brings it back beside its database, looks at it, and clears up."""

import logging
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from functools import partial

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.backup import Backup
from bot.domain.backups.drill import Drill, Found
from bot.domain.errors import Failed, Refused, Rejected
from bot.runbook import Runbook
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.long_work import Background, side_by_side, until_recorded
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.verdicts import BackupVerdicts
from bot.services.rooms.cards import Cards
from bot.store import audit
from bot.store.backups import backups, drills
from bot.store.database import Database
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class BackupDrillRuns:
    """The drills of this process. One that fails is an alert, which the next good one ends."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        recovery: BackupRecovery,
        verdicts: BackupVerdicts,
        cards: Cards,
        alerts: BackupAlerts,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._recovery = recovery
        self._verdicts = verdicts
        self._cards = cards
        self._alerts = alerts
        self._background = Background("drill", self._hear)

    @property
    def own(self) -> Collection[int]:
        return self._background.own

    def start(self, drill: Drill) -> None:
        """Run it in the background; its row has been committed."""
        self._background.start(drill.id, self._carry(drill))

    async def finish(self, timeout_s: float) -> None:
        await self._background.finish(timeout_s, lambda number: self._fail(number, "Tocsin was stopped while it ran"))

    async def tell(self, conn: Connection, drill: Drill) -> None:
        """Its card shows how it stands now; one that is over begins or ends its alert."""
        await self._cards.touch(conn, f"drill:{drill.id}")
        if drill.state != "running":
            await self._alarm(conn, drill)
            facts = {"drill": drill.id, "backup": drill.backup_id, "state": drill.state, "error": drill.error}
            now = self._clock.now()
            await audit.write(conn, actor=TOCSIN.name, deed="backup.drilled", subject=drill.name, at=now, facts=facts)

    async def _alarm(self, conn: Connection, drill: Drill) -> None:
        if drill.is_troubled:
            await self._alerts.troubled(conn, drill.name, "drill", drill=drill)
        else:
            await self._alerts.mended(conn, drill.name, "drill")

    async def sweep(self, drill: Drill) -> None:
        """Remove the database it was restored into; one that cannot be removed now is looked at again later."""
        try:
            await self._recovery.drop_drilled(drill.name, drill.scratch)
        except Failed as error:
            log.warning("drill=%s database=%s cannot be removed: %s", drill.id, drill.scratch, error)
            return
        async with self._db.transaction() as conn:
            await drills.swept(conn, drill.id)

    async def _carry(self, drill: Drill) -> None:
        begun_s = time.monotonic()
        try:
            backup = await self._chosen(drill)
            # All that a restore does but the exchange: only so is its time that of a restore.
            await self._move_on(drill, "saving", backup)
            _, found = await side_by_side(self._recovery.rehearse_saving(drill.name), self._bring_back(drill, backup))
            took = timedelta(seconds=time.monotonic() - begun_s)
        except (Failed, Refused) as error:
            await self._fail(drill.id, str(error))
        except Exception as error:
            log.exception("drill=%s name=%s", drill.id, drill.name)
            await self._fail(drill.id, f"a fault in Tocsin: {type(error).__name__}")
        else:
            await self._pass(drill, found, took)
        # However it ended; where this process dies before, another one sweeps.
        await until_recorded(lambda: self.sweep(drill))

    async def _bring_back(self, drill: Drill, backup: Backup) -> Found:
        await self._move_on(drill, "restoring")
        told = partial(self._move_on, drill)
        return await self._recovery.bring_back(backup, drill.scratch, told, drilled=True)

    async def _chosen(self, drill: Drill) -> Backup:
        """The one that was asked for, else the newest that is valid."""
        await self._move_on(drill, "reading")
        actor = Actor(drill.started_by)
        if drill.backup_id is None:
            backup = await self._verdicts.newest_valid(actor, drill.name, in_full=False)
        else:
            backup = await self._verdicts.judge(actor, await self._asked_for(drill.backup_id), in_full=False)
        if backup is None or backup.state != "good":
            why = f"backup {backup.id} is damaged" if backup else "there is no valid backup of it"
            raise Rejected(f"{why}: `/backup list {drill.name}` shows what there is, `/backup run` makes one")
        return backup

    async def _asked_for(self, backup_id: int) -> Backup:
        async with self._db.transaction() as conn:
            return await backups.get(conn, backup_id)

    async def _move_on(self, drill: Drill, stage: str, backup: Backup | None = None) -> None:
        async def record() -> None:
            async with self._db.transaction() as conn:
                chosen = backup.id if backup else None
                await drills.move_on(conn, drill.id, stage, self._clock.now(), backup_id=chosen)
                await self._cards.touch(conn, f"drill:{drill.id}")

        await until_recorded(record)

    async def _hear(self, drill_id: int) -> None:
        async with self._db.transaction() as conn:
            await drills.hear(conn, drill_id, self._clock.now())

    async def _pass(self, drill: Drill, found: Found, took: timedelta) -> None:
        rto = self._wanted[drill.name].rto
        await self._record(lambda conn: drills.passed(conn, drill.id, found, took=took, rto=rto, now=self._clock.now()))
        log.info("drill=%s name=%s passed seconds=%.1f", drill.id, drill.name, took.total_seconds())

    async def _fail(self, drill_id: int, error: str) -> None:
        await self._record(lambda conn: drills.fail(conn, drill_id, error=error, now=self._clock.now()))
        log.warning("drill=%s failed error=%r", drill_id, error)

    async def _record(self, write: Callable[[Connection], Awaitable[Drill | None]]) -> None:
        async def record() -> None:
            async with self._db.transaction() as conn:
                if ended := await write(conn):
                    await self.tell(conn, ended)

        await until_recorded(record)
