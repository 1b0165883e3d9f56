"""What a drill or restore could not remove from a database server: reported, and retried until it is gone."""

import logging
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.backups.target import Target
from bot.services.backups.alerts import BackupAlerts
from bot.store import audit
from bot.store.backups import leftovers
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class Leftovers:
    """One alert each, unless it goes away soon. The card of the drill or restore shows it at once."""

    def __init__(self, clock: Clock, alerts: BackupAlerts) -> None:
        self._clock = clock
        self._alerts = alerts

    async def keep(self, conn: Connection, name: str, scratch: str, place: Target | None, why: str) -> datetime:
        """Record that it could not be removed; returns when to retry. `place` None: its server was not recorded."""
        now = self._clock.now()
        before = await leftovers.find(conn, scratch)
        one = await leftovers.keep(conn, scratch, name, why, now)
        if before is None or before.why != why:
            log.warning("name=%s database=%s cannot be removed: %s", name, scratch, why)
        if one.is_to_be_told(now):
            await leftovers.tell(conn, scratch, now)
            await self._alerts.troubled(conn, name, "left", of=scratch, left=one, place=place)
            await self._write(conn, name, "backup.left", {"database": scratch, "why": why})
        return one.try_again_at(now)

    async def gone(self, conn: Connection, name: str, scratch: str) -> None:
        """Record that it is gone, or never was there."""
        one = await leftovers.forget(conn, scratch)
        if one is None:
            return
        log.info("name=%s database=%s is removed", name, scratch)
        if one.told_at:
            await self._alerts.clear(conn, name, "left", of=scratch)
            await self._write(conn, name, "backup.removed", {"database": scratch})

    async def _write(self, conn: Connection, name: str, deed: str, facts: dict[str, object]) -> None:
        await audit.write(conn, actor=TOCSIN.name, deed=deed, subject=name, at=self._clock.now(), facts=facts)
