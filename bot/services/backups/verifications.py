"""Verification on request: one per backup and two in all, because each keeps a core busy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.backups.backup import LOST_AFTER, Backup
from bot.domain.errors import AlreadyDone, Refused
from bot.services.backups.long_work import heartbeat
from bot.services.backups.verdicts import Verdicts, VerifyResult
from bot.services.people.permissions import Permissions
from bot.store.backups import verifications
from bot.store.database import Database

AT_ONCE = 2


class Verifications:
    """Counted across processes; those that died are forgotten."""

    def __init__(self, db: Database, clock: Clock, permissions: Permissions, verdicts: Verdicts) -> None:
        self._db = db
        self._clock = clock
        self._permissions = permissions
        self._verdicts = verdicts

    async def verify(self, actor: Actor, which: str = "latest") -> VerifyResult:
        """Verify as `Verdicts` does. Raises AlreadyDone if this one is being read, Refused if too many are."""
        self._permissions.must(actor, "backup.verify")
        backup = await self._verdicts.meant(which)
        async with self._claimed(backup):
            return await self._verdicts.verify(actor, backup, only=self._verdicts.is_one(which))

    @asynccontextmanager
    async def _claimed(self, backup: Backup) -> AsyncIterator[None]:
        await self._claim(backup)
        try:
            async with heartbeat(f"verification of backup {backup.id}", lambda: self._beat(backup.id)):
                yield
        finally:
            async with self._db.transaction() as conn:
                await verifications.release(conn, backup.id)

    async def _claim(self, backup: Backup) -> None:
        now = self._clock.now()
        async with self._db.transaction() as conn:
            others = await verifications.under_way(conn, silent_since=now - LOST_AFTER)
            if backup.id in others:
                raise AlreadyDone(f"Backup {backup.id} of {backup.name} is already being verified: wait for that.")
            if len(others) >= AT_ONCE:
                reading = " and ".join(str(number) for number in sorted(others))
                raise Refused(f"Backups {reading} are being read back: try again when one of them is done.")
            await verifications.claim(conn, backup.id, now)

    async def _beat(self, backup_id: int) -> None:
        async with self._db.transaction() as conn:
            await verifications.hear(conn, backup_id, self._clock.now())
