"""Connections whose opener stops waiting: closed as soon as they are open, never left half open.

A PostgreSQL server waiting for the password of a silent client keeps databases from being dropped for a minute.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def opened(opening: Coroutine[Any, Any, T], close: Callable[[T], None]) -> T:
    """The opened connection, for a caller that still waits. `opening` must end by itself, with its own time-out."""
    task = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(partial(_close_it, close))
        raise


def _close_it(close: Callable[[T], None], opening: "asyncio.Future[T]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        close(opening.result())
