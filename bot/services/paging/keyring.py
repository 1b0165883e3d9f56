"""The keys of our own: what signs links and webhooks, and how one is replaced by another."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import Failed
from bot.store import audit
from bot.store.database import Database
from bot.store.paging import keys
from bot.wire.webhooks import key_for

WEBHOOK = "webhook"
LINKS = "links"
REPORTS = "reports"
CALENDARS = "calendars"

# How long the former key counts beside a new one. A webhook's receiver has a day to learn the new one; a link that was
# sent is good for a week, and stays so; the form's address stands on pages that somebody has to find and change;
# whoever passed a calendar on is given another at once.
FORMER_COUNTS = {
    WEBHOOK: timedelta(hours=24),
    LINKS: timedelta(days=7),
    REPORTS: timedelta(days=30),
    CALENDARS: timedelta(0),
}


class Keyring:
    """Asks the database each time, because a shell may have rotated a key while this process runs."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: dict[str, keys.Key] = {}

    async def of_webhook(self, url: str) -> list[bytes]:
        """What is posted to this address is signed with each of them, the present one first. Raises Unreachable."""
        return await self.of_webhooks([url])

    async def of_webhooks(self, urls: Iterable[str]) -> list[bytes]:
        """Those of all these addresses together. Raises Unreachable."""
        roots = (await self._get_or_recall(WEBHOOK)).that_count(self._clock.now())
        return [key_for(root, url) for url in urls for root in roots]

    async def of_new_links(self) -> bytes:
        """Links that acknowledge are signed with it. Raises Unreachable."""
        return (await self._get_or_recall(LINKS)).secret

    async def of_links(self) -> list[bytes]:
        """A link signed with any of them is one of ours. Raises Unreachable: none is believed from memory."""
        return await self.that_count(LINKS)

    async def that_count(self, name: str) -> list[bytes]:
        """The present key of this name, and perhaps the former one. Raises Unreachable."""
        return (await self.get(name)).that_count(self._clock.now())

    async def get(self, name: str) -> keys.Key:
        async with self._db.transaction() as conn:
            self._known[name] = await keys.get(conn, name, self._clock.now())
        return self._known[name]

    async def rotate(self, name: str, *, at_once: bool) -> datetime | None:
        """A new key, for every process from now on. Returns until when the former one counts too.

        `at_once`, for a key that leaked: the former one ends now, and None is returned.
        """
        now = self._clock.now()
        until = None if at_once else now + FORMER_COUNTS[name]
        async with self._db.transaction() as conn:
            await keys.rotate(conn, name, now, former_until=until)
            facts = {"former_until": until.isoformat() if until else None}
            await audit.write(conn, actor=TOCSIN.name, deed="key.rotate", subject=name, at=now, facts=facts)
        return until

    async def _get_or_recall(self, name: str) -> keys.Key:
        """While the database is away, what it said last: a page is not held for that."""
        try:
            return await self.get(name)
        except Failed:
            if name not in self._known:
                raise
            return self._known[name]
