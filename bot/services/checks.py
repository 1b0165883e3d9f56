"""Looks at what the runbook wants watched: by itself when it is due, and at once when somebody asks."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.check import Finding, Standing, Turn, believe, no_answer, worst_first
from bot.domain.errors import NotFound, Refused, Unreachable
from bot.probes import Probe
from bot.runbook import Runbook, format_duration
from bot.runbook.health import Check
from bot.runbook.mistakes import advice
from bot.services.check_alarms import CheckAlarms
from bot.store import checks
from bot.store.checks import Claim
from bot.store.database import Database

log = logging.getLogger(__name__)

AT_ONCE = 100
# For a check that has no limit of its own.
USUAL_TIMEOUT = timedelta(seconds=10)
# Beyond its time-out a look is given this long to be written down, before another process takes it over.
LEASE_MARGIN = timedelta(seconds=20)
RECORD_AGAIN_AFTER_S = 0.5
TURNS_SHOWN = 20
KEPT_FOR = timedelta(days=30)


class Checks:
    """The watch over all checks: any number of processes, each check looked at by one of them at a time."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, alarms: CheckAlarms, probes: Mapping[str, Probe]
    ) -> None:
        self._db = db
        self._clock = clock
        self._health = runbook.health
        self._alarms = alarms
        self._probes = probes
        self._watched = {name: check for name, check in self._health.checks.items() if check.kind in probes}
        self._under_way: set[asyncio.Task[None]] = set()
        self._probing: set[asyncio.Task[Finding]] = set()
        self._sown = False

    # The watch

    async def take_due(self) -> int:
        """Claim the checks that are due and begin to look at them, side by side; how many were claimed."""
        await self._sow_once()
        now = self._clock.now()
        leases = {name: _timeout(check) + LEASE_MARGIN for name, check in self._watched.items()}
        async with self._db.transaction() as conn:
            claims = await checks.claim_due(conn, leases, now=now, limit=AT_ONCE)
        for claim in claims:
            task = asyncio.create_task(self._watch(claim, now), name=f"check {claim.name}")
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        return len(claims)

    async def next_due(self) -> datetime | None:
        async with self._db.transaction() as conn:
            return await checks.next_due(conn, list(self._watched))

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, patience_s: float) -> None:
        """At shutdown: let the looks under way end; the rest is somebody else's when its lease is over."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=patience_s)
        for task in (*self._under_way, *self._probing):
            task.cancel()

    # What people ask

    def check(self, name: str) -> Check:
        """By its key, whatever the capitals; raises NotFound with the nearest one."""
        for key, check in self._health.checks.items():
            if key.lower() == name.strip().lower():
                return check
        raise NotFound(f"There is no check “{name}”: {advice(name, self._health.checks)}.")

    async def look_at_all(self) -> Sequence[Standing]:
        """Look at every check now, side by side; how they stand, worst first."""
        await asyncio.gather(*(self._look_now(check) for check in self._watched.values()))
        return worst_first(await self.standings())

    async def look_at(self, name: str) -> Standing:
        """Look at one check now. Raises Refused when there is no such check, or no way to look at it yet."""
        check = self.check(name)
        if check.kind not in self._probes:
            raise Refused(f"{check.key}: checks of {check.kind} are not supported yet, so nothing is known of it.")
        await self._look_now(check)
        return next(standing for standing in await self.standings() if standing.name == check.key)

    async def standings(self) -> list[Standing]:
        """How every check stands by its latest look, in the order of the runbook."""
        async with self._db.transaction() as conn:
            latest = await checks.latest(conn, list(self._watched))
        return [
            Standing(name, check.kind, self._expects(check), name in self._watched, latest.get(name))
            for name, check in self._health.checks.items()
        ]

    async def history(self, name: str | None = None) -> list[Turn]:
        """The latest changes of one check or of all, newest first. Raises NotFound."""
        names = [self.check(name).key] if name else list(self._health.checks)
        async with self._db.transaction() as conn:
            return await checks.turns(conn, names, TURNS_SHOWN)

    async def forget_old(self) -> int:
        """Throw away looks that are too old to be of use."""
        async with self._db.transaction() as conn:
            return await checks.forget_old(conn, self._clock.now() - KEPT_FOR)

    # One look

    async def _watch(self, claim: Claim, begun_at: datetime) -> None:
        check = self._watched[claim.name]
        finding = await self._examine(check)
        while True:
            try:
                await self._record(check, claim, finding, begun_at)
                return
            except Unreachable:
                # Without the database nobody can be told either; it is written down as soon as it is back.
                await asyncio.sleep(RECORD_AGAIN_AFTER_S)

    async def _record(self, check: Check, claim: Claim, finding: Finding, begun_at: datetime) -> None:
        async with self._db.transaction() as conn:
            before = await checks.lock(conn, claim)
            if before is None:
                return
            await checks.see(conn, check.key, finding, begun_at)
            belief = believe(before, finding.state, self._health.fails_after)
            await checks.conclude(conn, check.key, belief, due_at=begun_at + self._health.every)
            if belief.state != before.state:
                latest = (await checks.latest(conn, [check.key]))[check.key]
                await self._alarms.turn(conn, check, belief.state, finding, since=latest.since)

    async def _look_now(self, check: Check) -> None:
        """For somebody who asks: it is seen and kept, but only the watch counts looks and raises alarms."""
        await self._sow_once()
        begun_at = self._clock.now()
        finding = await self._examine(check)
        async with self._db.transaction() as conn:
            await checks.see(conn, check.key, finding, begun_at)

    async def _examine(self, check: Check) -> Finding:
        """What a probe finds within the check's time-out. One that does not let go in time is left behind."""
        timeout = _timeout(check)
        task = asyncio.create_task(self._probes[check.kind].probe(check), name=f"probe {check.key}")
        self._probing.add(task)
        task.add_done_callback(self._forget)
        ended, _ = await asyncio.wait({task}, timeout=timeout.total_seconds())
        if not ended:
            task.cancel()
            return no_answer(f"no answer within {format_duration(timeout)}", timeout)
        if error := task.exception():
            log.error("check=%s kind=%s the probe failed", check.key, check.kind, exc_info=error)
            return Finding("degraded", "unknown", timedelta(0), f"a fault in Tocsin: {type(error).__name__}")
        return task.result()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours: the check is looked at again when the lease is over."""
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s", task.get_name(), exc_info=error)

    def _forget(self, task: asyncio.Task[Finding]) -> None:
        self._probing.discard(task)
        if not task.cancelled():
            task.exception()

    def _expects(self, check: Check) -> str:
        return self._probes[check.kind].expects(check) if check.kind in self._probes else ""

    async def _sow_once(self) -> None:
        if self._sown or not self._watched:
            return
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await checks.sow(conn, list(self._watched), now=now, latest=now + self._health.every)
        self._sown = True


def _timeout(check: Check) -> timedelta:
    return getattr(check, "timeout", USUAL_TIMEOUT)
