"""What time does to restores: approval expires, a process dies, something is left to clean up."""

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.backups.backup import LOST_AFTER
from bot.domain.backups.drill import SWEEP_AGAIN_AFTER
from bot.runbook import Runbook
from bot.services.backups.restore_log import RestoreLog
from bot.services.backups.restore_runs import RestoreRuns
from bot.store.backups import restores
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows


class RestoreRounds(DueByRows):
    """Shared by any number of processes."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, log: RestoreLog, runs: RestoreRuns) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._log = log
        self._runs = runs

    async def take_due(self) -> int:
        """Expire undecided restores, give up those whose process died, and clean up after all."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            expired = await restores.expire(conn, now)
            for restore in expired:
                await self._log.write(conn, restore, "expired", TOCSIN.name)
            lost = await restores.lose(conn, silent_since=now - LOST_AFTER, own=self._runs.own, now=now)
            for restore in lost:
                await self._log.write(conn, restore, "lost", TOCSIN.name)
            again_at = now + SWEEP_AGAIN_AFTER
            left = await restores.claim_left(conn, list(self._wanted), now=now, again_at=again_at)
        for restore in left:
            if restore.id not in self._runs.own:
                await self._runs.sweep(restore)
        return len(expired) + len(lost) + len(left)

    @property
    def due_rows(self) -> DueRows:
        return restores.due_rows(list(self._wanted), own=self._runs.own, lost_after=LOST_AFTER)

    @property
    def under_way(self) -> int:
        return len(self._runs.own)

    async def finish(self, timeout_s: float) -> None:
        """Stop at shutdown, as `LongWork.finish`."""
        await self._runs.finish(timeout_s)
