"""Waiting no longer than whoever waits for us does: what takes longer is let go."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.domain.errors import Unreachable

Result = TypeVar("Result")


class Patience:
    """So many seconds for each piece of work.

    A time-out around the work would not do: on a line that has gone dead the driver takes ten seconds more to give up
    a statement, and for longer than that when it hears nothing at all. What is let go is cancelled, and ends whenever
    it does.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._let_go: set[asyncio.Task[Any]] = set()

    async def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the work comes to. Raises Unreachable when that is not known in time, and whatever the work raises."""
        doing = asyncio.create_task(work)
        try:
            await asyncio.wait({doing}, timeout=self._seconds)
        finally:
            if not doing.done():
                self._abandon(doing)
        if not doing.done():
            raise Unreachable(f"no answer within {self._seconds:g} s")
        return doing.result()

    def _abandon(self, doing: asyncio.Task[Any]) -> None:
        self._let_go.add(doing)
        doing.add_done_callback(self._let_go.discard)
        # What it raised is nobody's any more.
        doing.add_done_callback(lambda done: done.cancelled() or done.exception())
        doing.cancel()
