"""Heartbeats of jobs: a missing one opens an alert, the next one closes it."""

from datetime import timedelta

from bot.clock import Clock
from bot.domain.alerts.received import ReceivedAlert
from bot.domain.errors import NotFound
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.alerts.alerts import Alerts
from bot.services.alerts.turns import again_when_free
from bot.store.alerts import heartbeats
from bot.store.alerts.heartbeats import MissedHeartbeat
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection

SOURCE = "heartbeat"


class Heartbeats(DueByRows):
    """The runbook's `heartbeats`; each timer is a row's due time."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, alerts: Alerts, rendering: Rendering) -> None:
        self._db = db
        self._clock = clock
        self._expected = runbook.alerts.heartbeats
        self._alerts = alerts
        self._rendering = rendering

    async def watch(self) -> None:
        """At start-up, track exactly the runbook's heartbeats. Restarting gives no job more time."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await heartbeats.forget_others(conn, self._expected)
            for name in self._expected:
                await heartbeats.watch(conn, name, self._expected_within(name), now)

    async def beat(self, name: str) -> None:
        """Record a heartbeat. Raises NotFound for a name not in the runbook."""
        if name not in self._expected:
            known = ", ".join(self._expected) or "none"
            raise NotFound(f"the runbook has no heartbeat of this name; it has: {known}")

        async def keep() -> None:
            async with self._alerts.taking() as conn:
                await heartbeats.beat(conn, name, self._expected_within(name), self._clock.now())
                await self._alerts.receive_within(conn, SOURCE, [self._alive(name)])

        await again_when_free(keep)

    async def take_due(self) -> int:
        async with self._db.transaction() as conn:
            silent = await heartbeats.claim_silent(conn, self._clock.now())
            for silence in silent:
                await self._open(conn, silence)
        return len(silent)

    @property
    def due_rows(self) -> DueRows:
        return heartbeats.due_rows()

    async def _open(self, conn: Connection, silence: MissedHeartbeat) -> None:
        if silence.name in self._expected:
            await self._alerts.receive_within(conn, SOURCE, [self._silent(silence)])

    def _expected_within(self, name: str) -> timedelta:
        expected = self._expected[name]
        return expected.every + expected.grace

    def _alive(self, name: str) -> ReceivedAlert:
        return ReceivedAlert(name, False, name)

    def _silent(self, silence: MissedHeartbeat) -> ReceivedAlert:
        name = silence.name
        expected = self._expected[name]
        facts = {"name": name, "expected": expected, "last_at": silence.last_at, "since": silence.watched_since}
        return ReceivedAlert(
            title=self._rendering.say("documents/heartbeat_silent", name=name),
            firing=True,
            fingerprint=name,
            description=self._rendering.say("documents/heartbeat_silence", **facts),
            labels={"heartbeat": name},
            level=expected.level,
        )
