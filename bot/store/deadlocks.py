"""What was undone because two waited for each other is tried again at once: nobody has to hear of it."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.store.errors import Deadlocked

log = logging.getLogger(__name__)

# The other one has what it wanted, and ends: to meet one again is to meet somebody else.
TRIES = 3

Result = TypeVar("Result")


async def again_after_deadlock(deed: Callable[[], Awaitable[Result]]) -> Result:
    """What the deed comes to. It must be one that may be begun again, as whatever is stored under a request's key.

    Raises Deadlocked when it met one each time.
    """
    for _ in range(TRIES - 1):
        try:
            return await deed()
        except Deadlocked as error:
            log.warning("tried again: %s", error)
    return await deed()
