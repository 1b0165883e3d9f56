"""What is known about telephone numbers: who has opted out of texts, and which call or text belongs to which page."""

from bot.clock import Clock
from bot.domain.paging.page import Page
from bot.runbook import Runbook
from bot.store import audit
from bot.store.database import Database
from bot.store.telephone import telephone


def who_answers(runbook: Runbook, page: Page) -> str:
    """Who answers from the number paged: the person paged, unless the runbook now gives it to somebody else only."""
    owners = [key for key, person in runbook.people.items() if person.phone == page.contact]
    return page.person if page.person in owners or not owners else owners[0]


class TelephoneBook:
    """Not cached: asked before each text, as somebody may have replied STOP a second ago."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook

    async def has_stopped(self, phone: str) -> bool:
        async with self._db.transaction() as conn:
            return await telephone.has_stopped(conn, phone)

    async def belongs_elsewhere(self, reference: str, page: Page) -> bool:
        """Whether the provider's `reference` of a text or call is known to belong to another page."""
        async with self._db.transaction() as conn:
            return await telephone.is_referred_to(conn, reference, but=page.id)

    async def stop(self, phone: str) -> None:
        """Send no more texts there. Idempotent."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            if await telephone.stop(conn, phone, now):
                await audit.write(conn, actor=self._whose(phone), deed="texts.stop", subject=phone, at=now)

    async def start(self, phone: str) -> None:
        """Send texts there again. Idempotent."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            if await telephone.start(conn, phone):
                await audit.write(conn, actor=self._whose(phone), deed="texts.start", subject=phone, at=now)

    def _whose(self, phone: str) -> str:
        """The runbook key of whoever has this number, otherwise the number itself."""
        return next((key for key, person in self._runbook.people.items() if person.phone == phone), phone)
