"""The address of the form for people without Slack: signed with a key of its own, and good until that is replaced."""

from base64 import urlsafe_b64encode
from hmac import compare_digest, digest

from bot.domain.errors import NotFound, Refused
from bot.runbook import Runbook
from bot.services.paging.keyring import REPORTS, Keyring

PATH = "/report/"
# What the key signs: of each key there is one token.
PURPOSE = b"tocsin: the form of reports"


class ReportLink:
    """One address for everybody: it stands on a wiki or a help page, so it does not expire by itself."""

    def __init__(self, runbook: Runbook, keyring: Keyring, *, public_url: str | None) -> None:
        """`public_url` None: nobody outside could follow it, so none is given out; those given out still count."""
        self._runbook = runbook
        self._keyring = keyring
        self._public_url = public_url

    async def address(self) -> str:
        """Raises Refused with what is missing, or Failed."""
        if self._runbook.reports is None:
            raise Refused("The runbook has no `reports`, so there is no form. Add for example: reports: {level: high}")
        if self._public_url is None:
            raise Refused("PUBLIC_URL is not set, so nobody could follow the link. Set it to the address of this bot.")
        return f"{self._public_url}{await self.path()}"

    async def path(self) -> str:
        """As this process serves it. Raises Failed."""
        return f"{PATH}{_token((await self._keyring.get(REPORTS)).secret)}"

    async def must_be_ours(self, token: str) -> None:
        """Raises NotFound for what we have not signed, or when the runbook has no form; or Failed."""
        if self._runbook.reports is None:
            raise NotFound("There is no form.")
        # Asks the database whatever it is: a key that leaked may have been replaced a moment ago.
        if not any(_is_same(token, _token(key)) for key in await self._keyring.that_count(REPORTS)):
            raise NotFound("This link is not one of ours, or a part of it is missing.")


def _token(key: bytes) -> str:
    return urlsafe_b64encode(digest(key, PURPOSE, "sha256")).decode().rstrip("=")


def _is_same(given: str, ours: str) -> bool:
    return compare_digest(given.encode("utf-8", "replace"), ours.encode())
