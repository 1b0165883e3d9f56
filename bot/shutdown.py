"""Ends the process: in order, and within ten seconds, whatever hangs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.doors.scheduler import Scheduler
from bot.services import Services
from bot.slack_connection import SlackLine
from bot.wire.timeouts import Deadline

log = logging.getLogger(__name__)

# Docker and others kill after ten seconds. The rest is for closing connections and ending the interpreter.
STOP_WITHIN_S = 8.0
# Reserved for recording what was stopped, and for sending what follows from that.
LAST_WORDS_S = 4.0


class Worker(Protocol):
    """Goes on working on what it has taken after its round has ended."""

    @property
    def under_way(self) -> int: ...

    async def finish(self, timeout_s: float) -> None: ...


class Shutdown:
    """One deadline that all stages share: each takes what is left."""

    def __init__(self, clock: Clock) -> None:
        self.deadline = Deadline(clock, STOP_WITHIN_S)

    async def begin(self, services: Services) -> None:
        """Call before any door closes. Stops waiting for a database that doesn't answer; for any at the deadline."""
        self.deadline.begin()
        asyncio.get_running_loop().call_later(self.deadline.left_s(), services.db.wait_no_longer)
        if not await services.db.answers():
            log.warning("stop: the database does not answer, nobody waits for it any more")
            services.db.wait_no_longer()

    async def end(self, services: Services, line: SlackLine, scheduler: Scheduler, workers: Sequence[Worker]) -> None:
        """First stop new input, then let work in progress end; the last worker sends what the others cause."""
        await self.within_it(line.close, keep_s=LAST_WORDS_S)
        services.duty.end()
        await scheduler.stop(self.deadline.left_s(keep_s=LAST_WORDS_S))
        *others, carrier = workers
        await asyncio.gather(*(self._finish(worker, keep_s=LAST_WORDS_S) for worker in others))
        await self._send_what_is_due(services)
        await self._finish(carrier)

    async def within_it(self, close: Callable[[], Awaitable[None]], *, keep_s: float = 0.0) -> None:
        """Close politely, as far as time allows."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.deadline.left_s(keep_s=keep_s)):
                await close()

    async def _finish(self, worker: Worker, *, keep_s: float = 0.0) -> None:
        if worker.under_way:
            log.info("stop: %s under_way=%s", type(worker).__name__.lower(), worker.under_way)
        await worker.finish(self.deadline.left_s(keep_s=keep_s))

    async def _send_what_is_due(self, services: Services) -> None:
        """Send what a recent command caused, such as its page, rather than leave it for the next start."""
        if services.duty.is_suspended or not services.db.is_waited_for:
            return
        try:
            async with asyncio.timeout(self.deadline.left_s()):
                await services.carrier.look()
        except (Failed, TimeoutError) as error:
            log.warning("stop: what is due waits for the next start: %s", error)
