"""Moves the sandbox's clock: to the next event, or by a time span, with everything on the way at its own time."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock

# When, and what; None if nothing is due.
Due = tuple[datetime, str]

# A journey with too many stops (a year of health checks) ends with one leap.
MOST_STOPS = 600
# On a busy machine a page takes seconds. Moving on without waiting would make it count as late or not accepted.
STOP_TIMEOUT_S = 8.0
JOURNEY_TIMEOUT_S = 60.0
GLANCE_S = 0.005
# The interval of looks while something is running: on a busy machine that takes long, and looking costs time too.
PATIENT_GLANCE_S = 0.015
# How many idle looks in a row it takes: what has just ended may have made more due.
CALM = 3


class Bot(Protocol):
    """What Travel needs of the bot."""

    async def due(self) -> list[Due]:
        """Everything scheduled, in any order."""

    def wake(self, names: Iterable[str]) -> None:
        """Make the bot look for due work; `names` are those from `due`."""

    @property
    def is_idle(self) -> bool: ...


class Travel:
    """Stops at each deadline until it has been handled, so that several deadlines never pass at the same moment."""

    def __init__(self, clock: Clock, bot: Bot, *, stop_timeout_s: float = STOP_TIMEOUT_S) -> None:
        self._clock, self._bot = clock, bot
        self._stop_timeout_s = stop_timeout_s

    async def next_due(self) -> Due | None:
        """The next thing that lies ahead."""
        return self._soonest(await self._bot.due())

    async def through(self, by: timedelta) -> None:
        """Like `forward`, but with any number of stops. Raises TimeoutError if the bot doesn't settle at one."""
        target = self._clock.now() + by
        known = await self._bot.due()
        while (due := self._soonest(known)) is not None and due[0] < target:
            known = await self._stop_at(due[0], known)
        await self._stop_at(target, known)

    async def forward(self, by: timedelta) -> None:
        """Move the clock; returns when the bot has handled what became due, or takes too long. On a journey with too
        many stops, the last ones are skipped."""
        target = self._clock.now() + by
        known: list[Due] | None = None
        try:
            async with asyncio.timeout(JOURNEY_TIMEOUT_S):
                known = await self._bot.due()
                for _ in range(MOST_STOPS):
                    due = self._soonest(known)
                    if due is None or due[0] >= target:
                        break
                    known = await self._go_to(due[0], known)
        except TimeoutError:
            known = None
        await self._go_to(target, known)

    async def settled(self) -> None:
        """Wait until nothing is due now and nothing is running. Raises TimeoutError if that takes too long."""
        await self._settled()

    async def _settled(self) -> list[Due]:
        """Like `settled`; returns what is due later."""
        async with asyncio.timeout(self._stop_timeout_s):
            calm = 0
            while True:
                is_idle = self._bot.is_idle
                calm = calm + 1 if is_idle else 0
                # Asked last and only once, because it queries every table.
                if calm == CALM:
                    known = await self._bot.due()
                    if not self._wake(known) and self._bot.is_idle:
                        return known
                    calm = 0
                await asyncio.sleep(GLANCE_S if is_idle else PATIENT_GLANCE_S)

    async def _go_to(self, instant: datetime, known: list[Due] | None) -> list[Due]:
        with suppress(TimeoutError):
            return await self._stop_at(instant, known)
        return await self._bot.due()

    async def _stop_at(self, instant: datetime, known: list[Due] | None) -> list[Due]:
        """Stop there; returns what is due later. `known`: what is due, if known: then the bot needn't look for
        itself."""
        is_quiet = known is not None and self._clock.is_frozen
        self._clock.move(max(instant - self._clock.now(), timedelta(0)), quietly=is_quiet)
        self._wake(known or [])
        return await self._settled()

    def _soonest(self, dues: Iterable[Due]) -> Due | None:
        now = self._clock.now()
        return min((due for due in dues if due[0] > now), default=None)

    def _wake(self, dues: Iterable[Due]) -> bool:
        """Wake the bot for what is due now; returns whether anything is."""
        names = {name for at, name in dues if at <= self._clock.now()}
        if names:
            self._bot.wake(names)
        return bool(names)
