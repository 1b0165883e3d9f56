"""Conditions that must be met for this process to be on duty."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from bot.services.outbox.duty import Duty

log = logging.getLogger(__name__)


class Condition(Protocol):
    """Suspends this process from duty while it isn't met."""

    async def look(self) -> None: ...


class Conditions:
    def __init__(self, duty: Duty, conditions: Sequence[Condition]) -> None:
        self._duty = duty
        self._conditions = conditions

    @property
    def are_met(self) -> bool:
        return not self._duty.is_suspended

    async def look(self) -> None:
        """Look at all of them concurrently. Never raises."""
        await asyncio.gather(*map(_look_at, self._conditions))


async def _look_at(condition: Condition) -> None:
    try:
        await condition.look()
    except Exception:
        # Catch everything: a process that stops looking would go on claiming work it must not do.
        log.exception("condition=%s", type(condition).__name__)
