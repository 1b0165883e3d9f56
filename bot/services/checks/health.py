"""The state of the checks for people who ask: a look right now, the latest looks, and history."""

import asyncio
from collections.abc import Mapping, Sequence

from bot.clock import Clock
from bot.domain.checks.check import CheckStanding, StateChange, worst_first
from bot.domain.checks.uptime import SPANS, Uptime
from bot.domain.errors import NotFound
from bot.runbook import Runbook
from bot.runbook.health import Check
from bot.runbook.mistakes import advised
from bot.services.checks.checks import Checks
from bot.services.checks.probing import Looking
from bot.store.checks import checks
from bot.store.database import Database

TURNS_SHOWN = 20


class Looks:
    """Concurrent looks under way, by the check's key."""

    def __init__(self, tasks: Mapping[str, asyncio.Task[None]]) -> None:
        self._tasks = tasks

    async def within(self, timeout_s: float) -> Sequence[str]:
        """Wait at most this long; returns the checks still being looked at."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=timeout_s)
        return [name for name, task in self._tasks.items() if not task.done()]

    async def all(self) -> None:
        """Wait for all of them. Raises Unreachable when a result couldn't be stored."""
        await asyncio.gather(*self._tasks.values())


class Health:
    """Looks made here are shown and stored, but change no check's state: only the round does that and alerts."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, looking: Looking, watch: Checks) -> None:
        self._db = db
        self._clock = clock
        self._health = runbook.health
        self._looking = looking
        self._watch = watch

    def check(self, name: str) -> Check:
        """The check with this key, ignoring case. Raises NotFound with a suggestion."""
        for key, check in self._health.checks.items():
            if key.lower() == name.strip().lower():
                return check
        raise NotFound(f"There is no check “{name}”. {advised(name, self._health.checks)}")

    def measured_in(self, check: Check) -> str:
        """What this check measures, as words for a chart's axis."""
        return self._looking.measured_in(check)

    async def look(self, name: str = "") -> Looks:
        """Begin to look at one check, or ('') at all of them. Raises NotFound."""
        wanted = [self.check(name)] if name else list(self._health.checks.values())
        await self._watch.sow()
        return Looks({check.key: asyncio.create_task(self._look(check), name=f"look {check.key}") for check in wanted})

    async def standings(self) -> Sequence[CheckStanding]:
        """Every check by its latest look: the worst first, otherwise in the runbook's order."""
        async with self._db.transaction() as conn:
            latest = await checks.latest(conn, list(self._health.checks))
        return worst_first(
            CheckStanding(name, check.kind, self._looking.expects(check), latest.get(name))
            for name, check in self._health.checks.items()
        )

    async def standing(self, name: str) -> CheckStanding:
        """One check by its latest look. Raises NotFound."""
        check = self.check(name)
        return next(standing for standing in await self.standings() if standing.name == check.key)

    async def history(self, name: str | None = None) -> list[StateChange]:
        """The latest state changes of one check or all, at most `TURNS_SHOWN`, newest first. Raises NotFound."""
        names = [self.check(name).key] if name else list(self._health.checks)
        async with self._db.transaction() as conn:
            return await checks.turns(conn, names, TURNS_SHOWN)

    async def availability(self, name: str | None = None) -> Mapping[str, list[Uptime]]:
        """Availability over each of `SPANS`, by key in the runbook's order; None: of all checks. Raises NotFound."""
        names = [self.check(name).key] if name else list(self._health.checks)
        async with self._db.transaction() as conn:
            found = await checks.availability(conn, names, SPANS, now=self._clock.now())
        return {name: found[name] for name in names if name in found}

    async def uptimes(self, name: str) -> Sequence[Uptime]:
        """One check's availability and latencies over each of `SPANS`, the shortest first. Raises NotFound."""
        async with self._db.transaction() as conn:
            return await checks.uptimes(conn, self.check(name).key, SPANS, now=self._clock.now())

    async def _look(self, check: Check) -> None:
        begun_at = self._clock.now()
        finding = await self._looking.look(check)
        async with self._db.statement() as conn:
            await checks.see(conn, check.key, finding, begun_at)
