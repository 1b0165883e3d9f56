"""Remembers since when an unconfirmed page has been looked for, across attempts and processes."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.paging.page import Page
from bot.store.database import Database
from bot.store.paging import unconfirmed

# The longest time from a page's first call to its last, unless Twilio was down throughout.
CALLED_WITHIN = timedelta(minutes=15)


class Unconfirmed:
    """Used by a pager when an earlier attempt may have been accepted. Every method is idempotent."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def began(self, page: Page) -> datetime:
        """Since when it has been looked for; starts the search now if there was none."""
        async with self._db.statement() as conn:
            return await unconfirmed.begin(conn, page.id, self._clock.now())

    async def ended(self, page: Page) -> None:
        """Note that no earlier attempt was accepted."""
        async with self._db.statement() as conn:
            await unconfirmed.end(conn, page.id)

    async def repeated(self, page: Page) -> None:
        """Note that it is about to be sent as a possible repeat."""
        async with self._db.statement() as conn:
            await unconfirmed.repeat(conn, page.id, self._clock.now())

    async def rivals(self, page: Page) -> list[int]:
        """Ids of other pages that an unknown call to the same number may belong to; an id comes twice if it may have
        two."""
        since = (page.first_attempt_at or self._clock.now()) - CALLED_WITHIN
        async with self._db.statement() as conn:
            return await unconfirmed.rivals(conn, page, since)
