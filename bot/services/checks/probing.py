"""One look at a check: runs its probe, within the check's own time-out, concurrently with others."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.checks.check import ProbeResult, no_answer
from bot.probes import Probe
from bot.runbook import duration_read
from bot.runbook.health import Check

log = logging.getLogger(__name__)

# For checks without a time-out of their own.
USUAL_TIMEOUT = timedelta(seconds=10)
APART_S = 0.003


class Looking:
    """Runs probes, and keeps track of those still running."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = probes
        self._probing: set[asyncio.Task[ProbeResult]] = set()
        self._door = asyncio.Lock()

    def expects(self, check: Check) -> str:
        """What this check expects, in a few words."""
        return self._probes[check.kind].expects(check)

    def measured_in(self, check: Check) -> str:
        """What this check measures, as words for a chart's axis."""
        return self._probes[check.kind].MEASURES

    async def look(self, check: Check) -> ProbeResult:
        """Run the probe; its errors become findings. At the time-out it is cancelled, and left behind if it hangs."""
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
            # Don't log the message: a driver may quote the address it was given, password included.
            log.error("check=%s kind=%s the probe failed: %s", check.key, check.kind, type(error).__name__)
            return ProbeResult("degraded", "unknown", timedelta(0), f"a fault in Tocsin: {type(error).__name__}")
        return task.result()

    async def _turn(self) -> None:
        """Stagger the starts: two hundred probes that start at once would measure each other's load."""
        async with self._door:
            await asyncio.sleep(APART_S)

    def give_up(self) -> None:
        """At shutdown: cancel all probes."""
        for task in self._probing:
            task.cancel()

    def _forget(self, task: asyncio.Task[ProbeResult]) -> None:
        self._probing.discard(task)
        if not task.cancelled():
            task.exception()


def timeout_of(check: Check) -> timedelta:
    return getattr(check, "timeout", USUAL_TIMEOUT)
