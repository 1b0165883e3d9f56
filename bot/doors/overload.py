"""Load shedding: while the event loop is behind, alerts are refused unread, so that pages leave in time."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.logs import Seldom

log = logging.getLogger(__name__)

BEAT_EVERY_S = 0.1
# Lateness that counts as behind: a page due now leaves this late.
BEHIND_S = 0.5
ALERTS = b"POST /alerts/"
# Never refused: its sender doesn't retry, and the silence would itself raise an alert.
HEARTBEATS = b"POST /alerts/heartbeat/"
BODY = b'{"error": "overloaded: nothing was stored, send it again later"}'
COME_AGAIN = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: tocsin\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


class Overload:
    """Measures the event loop's lateness; can be asked at any moment, even in the middle of a long iteration."""

    def __init__(
        self, turned_away: Callable[[], None] = lambda: None, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """`turned_away` is called for each refused alert."""
        self._turned_away = turned_away
        self._seconds = seconds
        self._beat_at_s = seconds()
        self._told = Seldom(log)

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[None]:
        """Measures while the block runs."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()

    @property
    def is_behind(self) -> bool:
        return self._seconds() - self._beat_at_s > BEAT_EVERY_S + BEHIND_S

    def answer_to(self, begun: bytes) -> bytes | None:
        """The answer to a request that begins like this, after which to close the connection; None: read on."""
        if not begun.startswith(ALERTS) or begun.startswith(HEARTBEATS) or not self.is_behind:
            return None
        self._told.warn(f"late_s={self._seconds() - self._beat_at_s:.1f} overloaded: alerts are answered 503 unread")
        self._turned_away()
        return COME_AGAIN

    async def _beat(self) -> None:
        while True:
            self._beat_at_s = self._seconds()
            await asyncio.sleep(BEAT_EVERY_S)
