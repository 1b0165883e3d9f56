"""Moving the sandbox's clock: to the next event, or on by a while with everything on the way at its own time."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock

# What is due and when; None when nothing is.
Due = tuple[datetime, str]

# A journey of many stops (a year of health checks) is cut short: the rest is one leap.
MOST_STOPS = 600
# On a busy machine a page takes seconds. To move on without waiting for it would have it called late, or not accepted.
STOP_TIMEOUT_S = 8.0
JOURNEY_TIMEOUT_S = 60.0
GLANCE_S = 0.005
# While something is under way: on a busy machine that takes long, and every glance takes from it.
PATIENT_GLANCE_S = 0.015
# So many glances at rest, one after the other: what has just ended may have made more due.
CALM = 3


class Bot(Protocol):
    """What a traveller has to know of the bot."""

    async def due(self) -> list[Due]:
        """Everything that waits for its time, in any order."""

    def wake(self, names: Iterable[str]) -> None:
        """Look at what is due there; the names are those of `due`."""

    @property
    def is_idle(self) -> bool: ...


class Travel:
    """Stops at each deadline and lets it be dealt with: three missed promises are never missed at one instant."""

    def __init__(self, clock: Clock, bot: Bot, *, stop_timeout_s: float = STOP_TIMEOUT_S) -> None:
        self._clock, self._bot = clock, bot
        self._stop_timeout_s = stop_timeout_s

    async def next_due(self) -> Due | None:
        """The soonest that lies ahead."""
        return self._soonest(await self._bot.due())

    async def through(self, by: timedelta) -> None:
        """As `forward`, however many stops it takes. Raises TimeoutError when the bot does not come to rest at one."""
        target = self._clock.now() + by
        known = await self._bot.due()
        while (due := self._soonest(known)) is not None and due[0] < target:
            known = await self._stop_at(due[0], known)
        await self._stop_at(target, known)

    async def forward(self, by: timedelta) -> None:
        """Returns when the bot has dealt with what became due, or takes its time over it: on a journey of too many
        stops the last of them are left out."""
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
        """Until nothing is due at this instant and nothing under way. Raises TimeoutError when that takes too long."""
        await self._settled()

    async def _settled(self) -> list[Due]:
        """As `settled`; what is due later."""
        async with asyncio.timeout(self._stop_timeout_s):
            calm = 0
            while True:
                is_idle = self._bot.is_idle
                calm = calm + 1 if is_idle else 0
                # What is due is asked last and once: it is a question to every table.
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
        """What is due then. `known`: what is due, when that is known: nobody else has to look."""
        is_quiet = known is not None and self._clock.is_frozen
        self._clock.move(max(instant - self._clock.now(), timedelta(0)), quietly=is_quiet)
        self._wake(known or [])
        return await self._settled()

    def _soonest(self, dues: Iterable[Due]) -> Due | None:
        now = self._clock.now()
        return min((due for due in dues if due[0] > now), default=None)

    def _wake(self, dues: Iterable[Due]) -> bool:
        """Whether anything is due now."""
        names = {name for at, name in dues if at <= self._clock.now()}
        if names:
            self._bot.wake(names)
        return bool(names)
