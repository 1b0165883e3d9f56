"""The address of the public report form: signed with a key of its own, valid until that is rotated."""

from base64 import urlsafe_b64encode
from hmac import compare_digest, digest

from bot.domain.errors import NotFound, Refused
from bot.runbook import Runbook
from bot.services.paging.keyring import REPORTS, Keyring

PATH = "/report/"
# The message the key signs; each key gives exactly one token.
PURPOSE = b"tocsin: the form of reports"


class ReportLink:
    """One address for everybody: it is published on wikis or help pages, so it does not expire by itself."""

    def __init__(self, runbook: Runbook, keyring: Keyring, *, public_url: str | None) -> None:
        """`public_url` None: nobody outside could reach it, so none is given out; existing links keep working."""
        self._runbook = runbook
        self._keyring = keyring
        self._public_url = public_url

    async def address(self) -> str:
        """The form's full address. Raises Refused, saying what is missing, or Failed."""
        if self._runbook.reports is None:
            raise Refused("The runbook has no `reports`, so there is no form. Add for example: reports: {level: high}")
        if self._public_url is None:
            raise Refused("PUBLIC_URL is not set, so nobody could follow the link. Set it to the address of this bot.")
        return f"{self._public_url}{await self.path()}"

    async def path(self) -> str:
        """The path on this process's own server. Raises Failed."""
        return f"{PATH}{_token((await self._keyring.get(REPORTS)).secret)}"

    async def must_be_ours(self, token: str) -> None:
        """Raise NotFound for a token we did not sign, or without a form in the runbook; or Failed."""
        if self._runbook.reports is None:
            raise NotFound("There is no form.")
        # Always asks the database: a leaked key may just have been rotated.
        if not any(_is_same(token, _token(key)) for key in await self._keyring.that_count(REPORTS)):
            raise NotFound("This link is not one of ours, or a part of it is missing.")


def _token(key: bytes) -> str:
    return urlsafe_b64encode(digest(key, PURPOSE, "sha256")).decode().rstrip("=")


def _is_same(given: str, ours: str) -> bool:
    return compare_digest(given.encode("utf-8", "replace"), ours.encode())
