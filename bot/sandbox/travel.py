"""Moving the sandbox's clock: to the next event, or on by a while with everything on the way at its own time."""

import asyncio
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
# So many glances at rest, one after the other: what has just ended may have made more due.
CALM = 3


class Bot(Protocol):
    """What a traveller has to know of the bot."""

    async def due(self) -> list[Due]:
        """Everything that waits for its time, in any order."""

    def wake(self) -> None:
        """Look at what is due."""

    @property
    def is_idle(self) -> bool: ...


class Travel:
    """Stops at each deadline and lets it be dealt with: three missed promises are never missed at one instant."""

    def __init__(
        self,
        clock: Clock,
        bot: Bot,
        *,
        stop_timeout_s: float = STOP_TIMEOUT_S,
        journey_timeout_s: float = JOURNEY_TIMEOUT_S,
    ) -> None:
        self._clock, self._bot = clock, bot
        self._stop_timeout_s, self._journey_timeout_s = stop_timeout_s, journey_timeout_s

    async def next_due(self) -> Due | None:
        """The soonest that lies ahead."""
        now = self._clock.now()
        return min((due for due in await self._bot.due() if due[0] > now), default=None)

    async def forward(self, by: timedelta) -> None:
        """Returns when the bot has dealt with what became due, or takes its time over it."""
        target = self._clock.now() + by
        with suppress(TimeoutError):
            async with asyncio.timeout(self._journey_timeout_s):
                for _ in range(MOST_STOPS):
                    due = await self.next_due()
                    if due is None or due[0] >= target:
                        break
                    await self._go_to(due[0])
        await self._go_to(target)

    async def settled(self) -> None:
        """Until nothing is due at this instant and nothing under way. Raises TimeoutError when that takes too long."""
        async with asyncio.timeout(self._stop_timeout_s):
            calm = 0
            while calm < CALM:
                calm = calm + 1 if self._bot.is_idle else 0
                # What is due is asked last and once: it is a question to every table.
                if calm == CALM and (await self._is_anything_due() or not self._bot.is_idle):
                    calm = 0
                await asyncio.sleep(GLANCE_S)

    async def _go_to(self, instant: datetime) -> None:
        self._clock.move(max(instant - self._clock.now(), timedelta(0)))
        with suppress(TimeoutError):
            await self.settled()

    async def _is_anything_due(self) -> bool:
        if all(at > self._clock.now() for at, _ in await self._bot.due()):
            return False
        self._bot.wake()
        return True
