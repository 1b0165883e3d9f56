"""Deletes old rows every hour; any number of processes may do it."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.services.alerts.alerts import Alerts
from bot.services.checks.checks import Checks
from bot.store import requests
from bot.store.database import Database
from bot.store.outbox import outbox

EVERY = timedelta(hours=1)


class Housekeeping:
    """Deleting is idempotent, so two processes may do it at once: it needs no claim and no timer row."""

    due_rows = None

    def __init__(self, db: Database, clock: Clock, alerts: Alerts, checks: Checks, *, requests_for: timedelta) -> None:
        """`requests_for`: how long finished requests and sent deliveries are kept."""
        self._db = db
        self._clock = clock
        self._alerts = alerts
        self._checks = checks
        self._requests_for = requests_for
        self._next_at = clock.now() + EVERY

    async def take_due(self) -> int:
        now = self._clock.now()
        if now < self._next_at:
            return 0
        self._next_at = now + EVERY
        async with self._db.transaction() as conn:
            await outbox.forget_old(conn, now - self._requests_for)
            await requests.forget_old(conn, now - self._requests_for)
        await self._alerts.forget_old()
        await self._checks.forget_old()
        return 1

    async def next_due(self) -> datetime | None:
        return self._next_at
