"""Records drills: progress and outcome, on the card and as an alert."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.backups.backup import LOST_AFTER, Backup
from bot.domain.backups.drill import Drill, DrillFindings, Stage
from bot.domain.backups.target import Target
from bot.runbook import Runbook
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.leftovers import Leftovers
from bot.services.backups.long_work import until_recorded
from bot.services.rooms.cards import Cards
from bot.store import audit
from bot.store.backups import backups, drills
from bot.store.database import Database
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class DrillLedger:
    """The ledger of long work `drill`."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, cards: Cards, alerts: BackupAlerts, leftovers: Leftovers
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._cards = cards
        self._alerts = alerts
        self._leftovers = leftovers

    async def backup(self, backup_id: int) -> Backup:
        async def read() -> Backup:
            async with self._db.transaction() as conn:
                return await backups.get(conn, backup_id)

        return await until_recorded(read, within=LOST_AFTER)

    async def now(self, drill: Drill) -> Drill:
        """Its current state."""
        async with self._db.transaction() as conn:
            return await drills.get(conn, drill.id)

    async def move_on(
        self, drill: Drill, stage: Stage, backup: Backup | None = None, place: Target | None = None
    ) -> None:
        async def record() -> None:
            async with self._db.transaction() as conn:
                chosen = backup.id if backup else None
                await drills.move_on(conn, drill.id, stage, self._clock.now(), backup_id=chosen, place=place)
                await self._cards.touch(conn, f"drill:{drill.id}")

        await until_recorded(record)

    async def saved(self, drill: Drill) -> None:
        """Record that dumping the current data was rehearsed."""

        async def record() -> None:
            async with self._db.transaction() as conn:
                await drills.saved(conn, drill.id, self._clock.now())
                await self._cards.touch(conn, f"drill:{drill.id}")

        await until_recorded(record)

    async def beat(self, number: int) -> None:
        async with self._db.transaction() as conn:
            await drills.hear(conn, number, self._clock.now())

    async def succeed(self, drill: Drill, found: DrillFindings, took: timedelta) -> None:
        rto = self._wanted[drill.name].rto
        await self._record(lambda conn: drills.passed(conn, drill.id, found, took=took, rto=rto, now=self._clock.now()))
        log.info("drill=%s name=%s passed seconds=%.1f", drill.id, drill.name, took.total_seconds())

    async def fail(self, number: int, error: str) -> None:
        if await self._record(lambda conn: drills.fail(conn, number, error=error, now=self._clock.now())):
            log.warning("drill=%s failed error=%r", number, error)

    async def swept(self, drill: Drill) -> None:
        """Record that its scratch database is gone."""
        async with self._db.transaction() as conn:
            await drills.swept(conn, drill.id)
            await self._leftovers.gone(conn, drill.name, drill.scratch)
            await self._cards.touch(conn, f"drill:{drill.id}")

    async def left(self, drill: Drill, why: str) -> None:
        """Record that its scratch database could not be removed, and why."""
        async with self._db.transaction() as conn:
            again_at = await self._leftovers.keep(conn, drill.name, drill.scratch, drill.place, why)
            await drills.sweep_again(conn, drill.id, again_at)
            await self._cards.touch(conn, f"drill:{drill.id}")

    async def tell(self, conn: Connection, drill: Drill) -> None:
        """Repaint its card; once it is over, open or close its alert."""
        await self._cards.touch(conn, f"drill:{drill.id}")
        if drill.state == "running":
            return
        if drill.is_troubled:
            await self._alerts.troubled(conn, drill.name, "drill", drill=drill)
        else:
            await self._alerts.clear(conn, drill.name, "drill")
        facts = {"drill": drill.id, "backup": drill.backup_id, "state": drill.state, "error": drill.error}
        now = self._clock.now()
        await audit.write(conn, actor=TOCSIN.name, deed="backup.drilled", subject=drill.name, at=now, facts=facts)

    async def _record(self, write: Callable[[Connection], Awaitable[Drill | None]]) -> bool:
        """Record the end and tell people; False: it was over before."""
        ended: Drill | None = None

        async def record() -> None:
            nonlocal ended
            async with self._db.transaction() as conn:
                if ended := await write(conn):
                    await self.tell(conn, ended)

        await until_recorded(record)
        return ended is not None
