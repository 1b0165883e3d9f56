"""Keeps for how long a page has been looked for, over every attempt and every process."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.paging.page import Page
from bot.store.database import Database
from bot.store.paging import unconfirmed

# A page that waits no more made its last call at most so long after its first, unless Twilio was away all the time.
CALLED_WITHIN = timedelta(minutes=15)


class Unconfirmed:
    """A pager asks when an earlier attempt may have been accepted. What it says may be said twice."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def began(self, page: Page) -> datetime:
        """Since when it has been looked for; when it was not, since now."""
        async with self._db.statement() as conn:
            return await unconfirmed.begin(conn, page.id, self._clock.now())

    async def ended(self, page: Page) -> None:
        """It has not been sent before: that is known."""
        async with self._db.statement() as conn:
            await unconfirmed.end(conn, page.id)

    async def repeated(self, page: Page) -> None:
        """It is about to be sent as a possible repeat."""
        async with self._db.statement() as conn:
            await unconfirmed.repeat(conn, page.id, self._clock.now())

    async def rivals(self, page: Page) -> list[int]:
        """The other pages that a call to the same number may be of, each as often as that may be."""
        since = (page.first_attempt_at or self._clock.now()) - CALLED_WITHIN
        async with self._db.statement() as conn:
            return await unconfirmed.rivals(conn, page, since)
