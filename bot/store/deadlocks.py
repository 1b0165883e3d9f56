"""Retries at once what PostgreSQL rolled back because of a deadlock: nobody needs to hear of it."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.store.errors import Deadlocked

log = logging.getLogger(__name__)

# The other transaction got its locks and ends soon; another deadlock would be with a different one.
TRIES = 3

Result = TypeVar("Result")


async def again_after_deadlock(deed: Callable[[], Awaitable[Result]]) -> Result:
    """Run the deed, retrying after a deadlock; returns its result. The deed must be safe to repeat, as everything is
    that is stored under a request's key.

    Raises Deadlocked when the last try met one too.
    """
    for _ in range(TRIES - 1):
        try:
            return await deed()
        except Deadlocked as error:
            log.warning("tried again: %s", error)
    return await deed()
