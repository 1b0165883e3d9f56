"""What is being opened when nobody waits for it any more: closed as soon as it is open, and never left half open.

A PostgreSQL that waits for the password of a client which has gone quiet lets nobody drop a database for a minute.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def opened(opening: Coroutine[Any, Any, T], close: Callable[[T], None]) -> T:
    """What was opened, for who waits for it. `opening` has to end by itself, within a time of its own."""
    task = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(partial(_close_it, close))
        raise


def _close_it(close: Callable[[T], None], opening: "asyncio.Future[T]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        close(opening.result())
