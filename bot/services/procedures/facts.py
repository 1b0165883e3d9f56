"""Verifies the facts that steps wait for, and words the evidence."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.incidents.incident import STATUSES, Incident
from bot.domain.procedures.run import Run, Step
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.store.backups import backups
from bot.store.checks import checks
from bot.store.pipelined import Connection

# Older looks at a check are worth repeating.
OLD_AFTER = timedelta(seconds=5)


@dataclass(frozen=True)
class Finding:
    """`is_so`: it's true. `said`: the evidence, or the actual state. `is_old`: the check needs another look."""

    is_so: bool
    said: str
    is_old: bool = False


class Facts:
    """Reads stored results only. A look at a check counts if it was made since the step became the next one."""

    def __init__(self, clock: Clock, runbook: Runbook, rendering: Rendering) -> None:
        self._clock = clock
        self._runbook = runbook
        self._rendering = rendering

    async def find(self, conn: Connection, incident: Incident, run: Run, step: Step) -> Finding:
        if step.check:
            return await self._check(conn, step.check, run.changed_at)
        if step.backup:
            return await self._backup(conn, step)
        return self._incident(incident, step.incident or "")

    async def _check(self, conn: Connection, key: str, since: datetime) -> Finding:
        latest = (await checks.latest(conn, [key])).get(key)
        is_known = key in self._runbook.health.checks
        is_fresh = latest is not None and latest.looked_at >= since
        is_so = latest is not None and is_fresh and latest.state == "healthy"
        found = self._found(is_so, "check", key=key, latest=latest, is_known=is_known, is_fresh=is_fresh)
        is_old = latest is None or not is_fresh or self._clock.now() - latest.looked_at >= OLD_AFTER
        return replace(found, is_old=is_known and is_old)

    async def _backup(self, conn: Connection, step: Step) -> Finding:
        key, now = step.backup or "", self._clock.now()
        last = (await backups.last_of_each(conn, [key]))[key]
        age = now - last.good.started_at if last.good else None
        is_so = age is not None and age < step.younger_than
        return self._found(is_so, "backup", key=key, last=last, age=age)

    def _incident(self, incident: Incident, wanted: str) -> Finding:
        if wanted == "acknowledged":
            is_so = incident.is_acknowledged
        elif wanted == "led":
            is_so = incident.lead is not None
        else:
            is_so = wanted in STATUSES[: STATUSES.index(incident.status) + 1]
        return self._found(is_so, "incident", incident=incident, wanted=wanted)

    def _found(self, is_so: bool, fact: str, **facts: object) -> Finding:
        return Finding(is_so, self._rendering.say("documents/procedure_fact", fact=fact, is_so=is_so, **facts))


# Looks at a check now and stores the result. Raises Failed.
Look = Callable[[str], Awaitable[None]]
