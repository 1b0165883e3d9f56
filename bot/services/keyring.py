"""The keys of our own that this process has asked the database for."""

import asyncio

from bot.clock import Clock
from bot.hooks import key_for
from bot.store import keys
from bot.store.database import Database

WEBHOOK = "webhook"
LINKS = "links"


class Keyring:
    """Asks for each key once: it never changes."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: dict[str, bytes] = {}
        self._asking = asyncio.Lock()

    async def of_webhook(self, url: str) -> bytes:
        """What is posted to this address is signed with it. Raises Unreachable."""
        return key_for(await self._get(WEBHOOK), url)

    async def of_links(self) -> bytes:
        """Links that acknowledge are signed with it. Raises Unreachable."""
        return await self._get(LINKS)

    async def _get(self, name: str) -> bytes:
        async with self._asking:
            if name not in self._known:
                async with self._db.transaction() as conn:
                    self._known[name] = await keys.get(conn, name, self._clock.now())
        return self._known[name]
