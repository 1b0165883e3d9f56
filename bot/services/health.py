"""How everything stands that is watched, for somebody who asks: looked at at once, and how it has been."""

import asyncio
from collections.abc import Sequence

from bot.clock import Clock
from bot.domain.check import Standing, Turn, worst_first
from bot.domain.errors import NotFound
from bot.runbook import Runbook
from bot.runbook.health import Check
from bot.runbook.mistakes import advice
from bot.services.checks import Checks
from bot.services.looking import Looking
from bot.store import checks
from bot.store.database import Database

TURNS_SHOWN = 20


class Health:
    """What is looked at here is seen and kept, but only the watch counts looks and raises alarms."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, looking: Looking, watch: Checks) -> None:
        self._db = db
        self._clock = clock
        self._checks = runbook.health.checks
        self._looking = looking
        self._watch = watch

    def check(self, name: str) -> Check:
        """By its key, whatever the capitals; raises NotFound with the nearest one."""
        for key, check in self._checks.items():
            if key.lower() == name.strip().lower():
                return check
        raise NotFound(f"There is no check “{name}”: {advice(name, self._checks)}.")

    async def look_at_all(self) -> Sequence[Standing]:
        """Look at every check now, side by side; how they stand, worst first."""
        await asyncio.gather(*(self._look(check) for check in self._checks.values()))
        return worst_first(await self.standings())

    async def look_at(self, name: str) -> Standing:
        """Look at one check now. Raises NotFound."""
        check = self.check(name)
        await self._look(check)
        return next(standing for standing in await self.standings() if standing.name == check.key)

    async def standings(self) -> list[Standing]:
        """How every check stands by its latest look, in the order of the runbook."""
        async with self._db.transaction() as conn:
            latest = await checks.latest(conn, list(self._checks))
        return [
            Standing(name, check.kind, self._looking.expects(check), latest.get(name))
            for name, check in self._checks.items()
        ]

    async def history(self, name: str | None = None) -> list[Turn]:
        """The latest changes of one check or of all, newest first. Raises NotFound."""
        names = [self.check(name).key] if name else list(self._checks)
        async with self._db.transaction() as conn:
            return await checks.turns(conn, names, TURNS_SHOWN)

    async def _look(self, check: Check) -> None:
        await self._watch.sow()
        begun_at = self._clock.now()
        finding = await self._looking.look(check)
        async with self._db.transaction() as conn:
            await checks.see(conn, check.key, finding, begun_at)
