"""Alerts raised by backups themselves: a failed run, a missed objective."""

import logging
from datetime import timedelta

from bot.clock import Clock
from bot.domain.alerts.received import ReceivedAlert
from bot.domain.backups.backup import Backup, misses_at
from bot.domain.errors import Refused
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.alerts.alerts import Alerts
from bot.store.backups import backups, objectives
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

SOURCE = "backup"

# How long to wait for a run already going when the last good backup grows too old; if it succeeds, no alert is needed.
OVERDUE_RUN_LIMIT = timedelta(hours=1)
LOOK_AGAIN_AFTER = timedelta(minutes=1)


class BackupAlerts(DueByRows):
    """The objectives' timers, and the alerts of source `backup`, which close once things are fixed."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, alerts: Alerts, rendering: Rendering) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._zone = runbook.timezone
        self._alerts = alerts
        self._rendering = rendering
        self._begun = False

    # On its own

    async def take_due(self) -> int:
        """Check the objectives that are due, each once across all processes; returns how many."""
        await self._begin_once()
        async with self._db.transaction() as conn:
            due = await objectives.claim_due(conn, list(self._wanted), self._clock.now())
            for name in due:
                await self.settle(conn, name)
        return len(due)

    @property
    def due_rows(self) -> DueRows:
        return objectives.due_rows(list(self._wanted))

    # Told by others

    async def follow(self, conn: Connection, backup: Backup) -> None:
        """Take in a run that has ended or was judged again, in the transaction that records it; that must never fail
        over this."""
        if backup.name not in self._wanted:
            return
        try:
            async with conn.transaction():
                await self._follow(conn, backup)
        except (KeyError, ValueError, TypeError, Refused):
            log.exception("backup=%s has no alert", backup.id)

    async def troubled(self, conn: Connection, name: str, what: str, *, of: str = "", **facts: object) -> None:
        """Open or repeat the alert `what` of this database, with the templates of that name.

        `of`: tells several such alerts apart.
        """
        facts = {"name": name, "now": self._clock.now(), **facts}
        alert = ReceivedAlert(
            title=self._rendering.say(f"documents/backup_{what}_title", **facts),
            firing=True,
            fingerprint=f"{name} {what} {of}".rstrip(),
            description=self._rendering.say(f"documents/backup_{what}", **facts),
            labels={"backup": name},
            level="high",
        )
        await self._alerts.receive_within(conn, SOURCE, [alert])

    async def clear(self, conn: Connection, name: str, what: str, *, of: str = "") -> None:
        """Close that alert if it is open."""
        await self._alerts.receive_within(conn, SOURCE, [ReceivedAlert(name, False, f"{name} {what} {of}".rstrip())])

    async def settle(self, conn: Connection, name: str) -> None:
        """Open or close the alert for this database's objective, and set its timer."""
        now = self._clock.now()
        since, was_missed = await objectives.lock(conn, name, now)
        last = await self._last_good(conn, name)
        at = misses_at(last, since, self._wanted[name].rpo, self._zone)
        if now < at:
            await objectives.expect(conn, name, at)
            if was_missed:
                await self.clear(conn, name, "objective")
        elif was_missed:
            return
        elif now < at + OVERDUE_RUN_LIMIT and await backups.is_under_way(conn, name, now):
            await objectives.expect(conn, name, now + LOOK_AGAIN_AFTER)
        else:
            await objectives.expect(conn, name, None)
            rpo = self._wanted[name].rpo
            await self.troubled(conn, name, "objective", last=last, rpo=rpo, since=since)

    async def _follow(self, conn: Connection, backup: Backup) -> None:
        # Lock the objective before the alert, as the timer does; the reverse order could deadlock.
        await self.settle(conn, backup.name)
        if backup.state == "good":
            await self.clear(conn, backup.name, "failed")
        # A failed safety backup makes its restore fail, which reports it: one fact, one alert.
        elif backup.before_restore and backup.state != "damaged":
            return
        elif not await backups.has_newer_good(conn, backup):
            last = await self._last_good(conn, backup.name)
            await self.troubled(conn, backup.name, "failed", backup=backup, last=last)

    async def _begin_once(self) -> None:
        """At start-up, watch exactly the databases in the runbook, whose objectives may have changed."""
        if self._begun:
            return
        async with self._db.transaction() as conn:
            for name in await objectives.forget_others(conn, list(self._wanted)):
                await self.clear(conn, name, "objective")
            for name in sorted(self._wanted):
                await self.settle(conn, name)
        self._begun = True

    async def _last_good(self, conn: Connection, name: str) -> Backup | None:
        return next(iter(await backups.good(conn, [name])), None)
