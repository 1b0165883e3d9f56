"""The round that looks at each check when it is due, and raises and ends its alert."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.checks.check import ProbeResult, believe
from bot.domain.checks.uptime import KEPT_FOR
from bot.domain.errors import Unanswered, Unreachable
from bot.runbook import Runbook
from bot.runbook.health import Check
from bot.services.checks.alarms import CheckAlarms
from bot.services.checks.probing import Looking, timeout_of
from bot.store.checks import checks
from bot.store.checks.checks import Claim
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows

log = logging.getLogger(__name__)

AT_ONCE = 100
# The lease outlasts the probe's time-out by this, for recording; then another process may take over.
LEASE_MARGIN = timedelta(seconds=20)
RECORD_AGAIN_AFTER_S = 0.5


class Checks(DueByRows):
    """Any number of processes may run this: a lease lets one look at a check at a time, once per interval."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, looking: Looking, alarms: CheckAlarms) -> None:
        self._db = db
        self._clock = clock
        self._health = runbook.health
        self._looking = looking
        self._alarms = alarms
        self._under_way: set[asyncio.Task[None]] = set()
        self._sown = False

    async def take_due(self) -> int:
        """Claim the checks that are due and begin to look at them concurrently; returns how many."""
        await self.sow()
        now = self._clock.now()
        leases = {name: timeout_of(check) + LEASE_MARGIN for name, check in self._health.checks.items()}
        async with self._db.statement() as conn:
            claims = await checks.claim_due(conn, leases, now=now, limit=AT_ONCE)
        for claim in claims:
            task = asyncio.create_task(self._watch(claim, now), name=f"check {claim.name}")
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        return len(claims)

    @property
    def due_rows(self) -> DueRows:
        return checks.due_rows(list(self._health.checks))

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: wait for the looks under way, then cancel them; their leases expire for others to take."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=timeout_s)
        for task in self._under_way:
            task.cancel()
        self._looking.give_up()

    async def sow(self) -> None:
        """Once: create a row for each check, and end the alerts of checks that have left the runbook."""
        if self._sown:
            return
        now, names = self._clock.now(), list(self._health.checks)
        async with self._db.transaction() as conn:
            if names:
                await checks.sow(conn, names, now=now, latest=now + self._health.every)
            if gone := await checks.stop_believing_others(conn, names):
                await self._alarms.end(conn, gone)
        self._sown = True

    async def forget_old(self) -> int:
        """Delete looks older than `KEPT_FOR`; returns how many."""
        async with self._db.transaction() as conn:
            return await checks.forget_old(conn, self._clock.now() - KEPT_FOR)

    async def _watch(self, claim: Claim, begun_at: datetime) -> None:
        check = self._health.checks[claim.name]
        finding = await self._looking.look(check)
        while True:
            try:
                await self._record(check, claim, finding, begun_at)
                return
            except (Unanswered, Unreachable):
                # Keep the result until the database is back: without it nobody could be alerted anyway.
                await asyncio.sleep(RECORD_AGAIN_AFTER_S)

    async def _record(self, check: Check, claim: Claim, finding: ProbeResult, begun_at: datetime) -> None:
        async with self._db.transaction() as conn:
            before = await checks.lock(conn, claim)
            if before is None:
                return
            await checks.see(conn, check.key, finding, begun_at)
            belief = believe(before, finding.state, self._health.fails_after, level=check.level)
            await checks.conclude(conn, check.key, belief, due_at=begun_at + self._health.every)
            began_to_flap = belief.state != "healthy" and belief.is_flapping and not before.is_flapping
            if belief.state != before.state or began_to_flap:
                latest = (await checks.latest(conn, [check.key]))[check.key]
                await self._alarms.turn(conn, check, belief, finding, since=latest.since)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Log a bug of ours that ended the look; the check is due again when its lease expires."""
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s", task.get_name(), exc_info=error)
