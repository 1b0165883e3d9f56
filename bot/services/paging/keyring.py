"""Our signing keys, for links and webhooks, and their rotation."""

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

# How long the former key stays valid after a rotation. A webhook's receiver has a day to install the new one; a link is
# promised to work for a week; the report form's address is printed on pages somebody has to find and edit; a leaked
# calendar link is revoked at once.
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
        """Keys that sign posts to this address, current one first. Raises Unreachable."""
        return await self.of_webhooks([url])

    async def of_webhooks(self, urls: Iterable[str]) -> list[bytes]:
        """The keys of all these addresses. Raises Unreachable."""
        roots = (await self._get_or_recall(WEBHOOK)).that_count(self._clock.now())
        return [key_for(root, url) for url in urls for root in roots]

    async def of_new_links(self) -> bytes:
        """The key that signs new acknowledge links. Raises Unreachable."""
        return (await self._get_or_recall(LINKS)).secret

    async def of_links(self) -> list[bytes]:
        """Keys that verify acknowledge links. Raises Unreachable: verification never uses a remembered key."""
        return await self.that_count(LINKS)

    async def that_count(self, name: str) -> list[bytes]:
        """The current key of this name, then the former one while it is valid. Raises Unreachable."""
        return (await self.get(name)).that_count(self._clock.now())

    async def get(self, name: str) -> keys.Key:
        async with self._db.transaction() as conn:
            self._known[name] = await keys.get(conn, name, self._clock.now())
        return self._known[name]

    async def rotate(self, name: str, *, at_once: bool) -> datetime | None:
        """Create a new key, effective in every process. Returns until when the former one stays valid.

        `at_once`, for a leaked key: the former one ends now; returns None.
        """
        now = self._clock.now()
        until = None if at_once else now + FORMER_COUNTS[name]
        async with self._db.transaction() as conn:
            await keys.rotate(conn, name, now, former_until=until)
            facts = {"former_until": until.isoformat() if until else None}
            await audit.write(conn, actor=TOCSIN.name, deed="key.rotate", subject=name, at=now, facts=facts)
        return until

    async def _get_or_recall(self, name: str) -> keys.Key:
        """The last known key while the database is down, so that no page is held up for one."""
        try:
            return await self.get(name)
        except Failed:
            if name not in self._known:
                raise
            return self._known[name]
