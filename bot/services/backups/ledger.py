"""Records backups: progress and outcome, for other processes, people and alerts."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.domain.backups.backup import LOST_AFTER, Backup
from bot.dumpers import Tally
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.cards import BackupCards
from bot.services.backups.long_work import until_recorded
from bot.store.backups import backups
from bot.store.backups.backups import RunResult
from bot.store.database import Database
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

# Files listed to recognise a place; any one of them there is enough.
EARLIER = 20


@dataclass
class Progress:
    """The progress of a run in this process."""

    backup: Backup
    size: int = 0
    tally: Tally = field(default_factory=Tally)

    def note(self, size: int) -> None:
        self.size = size


class BackupLedger:
    """The ledger of long work `backup`."""

    def __init__(self, db: Database, clock: Clock, cards: BackupCards, alerts: BackupAlerts) -> None:
        self._db = db
        self._clock = clock
        self._cards = cards
        self._alerts = alerts
        self._progress: dict[int, Progress] = {}

    def open(self, backup: Backup) -> Progress:
        """Have its heartbeat report progress, until it is closed."""
        return self._progress.setdefault(backup.id, Progress(backup))

    def close(self, backup: Backup) -> None:
        self._progress.pop(backup.id, None)

    async def earlier(self, backup: Backup, machine: str) -> list[str]:
        """Files that should already be at its place."""

        async def read() -> list[str]:
            async with self._db.transaction() as conn:
                return await backups.kept_at(conn, backup.place, machine, EARLIER)

        return await until_recorded(read, within=LOST_AFTER)

    async def beat(self, number: int) -> None:
        """Tell other processes that this run is alive, and people how far it is."""
        if at := self._progress.get(number):
            async with self._db.transaction() as conn:
                await backups.hear(
                    conn, number, size=at.size, tables=at.tally.tables, tables_done=at.tally.tables_done,
                    now=self._clock.now(),
                )  # fmt: skip
                await self._cards.show(conn, at.backup)

    async def succeed(self, backup: Backup, made: RunResult) -> None:
        await self._record(lambda conn: backups.succeed(conn, backup.id, made, self._clock.now()))
        log.info("backup=%s name=%s good bytes=%s", backup.id, backup.name, made.size)

    async def fail(self, number: int, error: str) -> None:
        if await self._record(lambda conn: backups.fail(conn, number, error=error, now=self._clock.now())):
            log.warning("backup=%s failed error=%r", number, error)

    async def swept(self, lost: Backup) -> None:
        """Record that its leftovers were checked and none counts."""

        async def record() -> None:
            async with self._db.transaction() as conn:
                await backups.swept(conn, lost.id)

        await until_recorded(record)

    async def tell(self, conn: Connection, backup: Backup) -> None:
        """Repaint its card; once it is over, settle its alert, and repaint the failure that it makes good."""
        await self._cards.show(conn, backup)
        if backup.state == "running":
            return
        await self._alerts.follow(conn, backup)
        if backup.state == "good" and (failure := await backups.failure_before(conn, backup)):
            await self._cards.show(conn, failure)

    async def _record(self, write: Callable[[Connection], Awaitable[Backup | None]]) -> bool:
        """Record the end and tell people; False: it was over before."""
        ended: Backup | None = None

        async def record() -> None:
            nonlocal ended
            async with self._db.transaction() as conn:
                if ended := await write(conn):
                    await self.tell(conn, ended)

        await until_recorded(record)
        return ended is not None
