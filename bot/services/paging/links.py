"""Links that acknowledge: each made for one page, signed with a key kept in the database, valid for a week."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, want_bytes

from bot.clock import Clock
from bot.domain.errors import Failed, NotFound, Refused
from bot.domain.paging.page import Page
from bot.services.paging.keyring import Keyring
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.paging import pages

log = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
PATH = "/ack/"


class LinkOver(Refused):
    """A genuine link that has expired."""

    def __init__(self, page: Page) -> None:
        super().__init__(f"This link was good for {VALID_FOR.days} days.")
        self.page = page


class Links:
    """Makes and reads links. A link names its page and holds nothing that the page itself does not."""

    def __init__(self, db: Database, clock: Clock, keyring: Keyring, *, public_url: str | None) -> None:
        """`public_url` None: nobody outside could follow a link, so none is made; existing links keep working."""
        self._db = db
        self._clock = clock
        self._public_url = public_url
        self._keyring = keyring

    async def link_to(self, page: Page) -> str | None:
        """The link for this page; None without PUBLIC_URL or when no key is available: a page never waits for its
        link."""
        if self._public_url is None:
            return None
        try:
            key = await self._keyring.of_new_links()
        except Failed as error:
            log.warning("page=%s goes without a link: %s", page.id, error)
            return None
        return f"{self._public_url}{PATH}{self._signer([key]).dumps(page.id)}"

    async def page_of(self, token: str) -> Page:
        """The page a link was made for. Raises NotFound for a token we did not sign, LinkOver if expired, or Failed."""
        try:
            signer = self._signer(await self._keyring.of_links())
            page_id, signed_at = signer.loads(token, return_timestamp=True)
        except BadData as error:
            raise NotFound("This link is not one of ours, or a part of it is missing.") from error
        async with self._db.statement() as conn:
            page = await pages.find(conn, page_id)
        if page is None:
            raise NotFound("What this link was for is not here any more.")
        if self._clock.now() - signed_at >= VALID_FOR:
            raise LinkOver(page)
        return page

    async def is_overtaken(self, page: Page) -> bool:
        """Whether the incident was reopened after this page: then its link is used up, and the new page has its own."""
        async with self._db.statement() as conn:
            return await incidents.reopened_since(conn, page.incident_id, page.due_at)

    def _signer(self, keys: Sequence[bytes]) -> URLSafeTimedSerializer:
        options: dict[str, Any] = {"clock": self._clock, "digest_method": sha256}
        # itsdangerous expects the newest key last: it signs with that one and accepts any.
        return URLSafeTimedSerializer(
            list(reversed(keys)), salt="acknowledge", signer=SignerByOurClock, signer_kwargs=options
        )


class SignerByOurClock(TimestampSigner):
    """Timestamps by the database's clock, so that clock skew of this machine cannot make links that expire too soon."""

    def __init__(self, *args: Any, clock: Clock, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock.now().timestamp())

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Compare the encoded text, not the bytes it decodes to: base64 has several spellings of one signature."""
        return any(
            compare_digest(
                want_bytes(sig), base64_encode(self.algorithm.get_signature(self.derive_key(key), want_bytes(value)))
            )
            for key in self.secret_keys
        )
