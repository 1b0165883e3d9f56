"""What the house knows of telephone numbers: who wants no more texts, and which call belongs to which page."""

from bot.clock import Clock
from bot.domain.page import Page
from bot.store import telephone
from bot.store.database import Database


class TelephoneBook:
    """Asked before each text, for somebody may have answered STOP a second ago."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def has_stopped(self, phone: str) -> bool:
        async with self._db.transaction() as conn:
            return await telephone.has_stopped(conn, phone)

    async def belongs_elsewhere(self, reference: str, page: Page) -> bool:
        """Is this text or call known to be another page's?"""
        async with self._db.transaction() as conn:
            return await telephone.is_referred_to(conn, reference, but=page.id)

    async def stop(self, phone: str) -> None:
        async with self._db.transaction() as conn:
            await telephone.stop(conn, phone, self._clock.now())

    async def start(self, phone: str) -> None:
        async with self._db.transaction() as conn:
            await telephone.start(conn, phone)
