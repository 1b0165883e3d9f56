"""What has to be so that this process is on duty."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from bot.services.outbox.duty import Duty

log = logging.getLogger(__name__)


class Condition(Protocol):
    """Suspends this process from duty while it is not met."""

    async def look(self) -> None: ...


class Conditions:
    def __init__(self, duty: Duty, conditions: Sequence[Condition]) -> None:
        self._duty = duty
        self._conditions = conditions

    @property
    def are_met(self) -> bool:
        return not self._duty.is_suspended

    async def look(self) -> None:
        """At all of them at once. Never raises."""
        await asyncio.gather(*map(_look_at, self._conditions))


async def _look_at(condition: Condition) -> None:
    try:
        await condition.look()
    except Exception:
        # A door: who looks no more would go on claiming what is another's.
        log.exception("condition=%s", type(condition).__name__)
