"""One look at a check: its probe, within the check's own time, beside all the others."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.checks.check import ProbeResult, no_answer
from bot.probes import Probe
from bot.runbook import duration_read
from bot.runbook.health import Check

log = logging.getLogger(__name__)

# For a check that has no limit of its own.
USUAL_TIMEOUT = timedelta(seconds=10)
APART_S = 0.003


class Looking:
    """Looks, and knows what is still looking."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = probes
        self._probing: set[asyncio.Task[ProbeResult]] = set()
        self._door = asyncio.Lock()

    def expects(self, check: Check) -> str:
        """What a finding of this check is measured against, in a few words."""
        return self._probes[check.kind].expects(check)

    def measured_in(self, check: Check) -> str:
        """What the numbers of this check are."""
        return self._probes[check.kind].MEASURES

    async def look(self, check: Check) -> ProbeResult:
        """What a probe finds within the check's time-out. One that does not let go in time is left behind."""
        await self._turn()
        timeout = timeout_of(check)
        task = asyncio.create_task(self._probes[check.kind].probe(check), name=f"probe {check.key}")
        self._probing.add(task)
        task.add_done_callback(self._forget)
        ended, _ = await asyncio.wait({task}, timeout=timeout.total_seconds())
        if not ended:
            task.cancel()
            return no_answer(f"no answer within {duration_read(timeout)}", timeout)
        if error := task.exception():
            # Its words are not logged: a driver may quote the address it was given, password and all.
            log.error("check=%s kind=%s the probe failed: %s", check.key, check.kind, type(error).__name__)
            return ProbeResult("degraded", "unknown", timedelta(0), f"a fault in Tocsin: {type(error).__name__}")
        return task.result()

    async def _turn(self) -> None:
        """Looks begin a little after each other: two hundred that begin at once would measure each other's haste."""
        async with self._door:
            await asyncio.sleep(APART_S)

    def give_up(self) -> None:
        """At shutdown."""
        for task in self._probing:
            task.cancel()

    def _forget(self, task: asyncio.Task[ProbeResult]) -> None:
        self._probing.discard(task)
        if not task.cancelled():
            task.exception()


def timeout_of(check: Check) -> timedelta:
    return getattr(check, "timeout", USUAL_TIMEOUT)
