"""Authenticates senders of alerts: by a token, or by the source's signature."""

import hmac
from collections.abc import Callable, Iterable
from datetime import datetime

from aiohttp import web
from pydantic import SecretStr

from bot.services.alerts.echoes import Echoes
from bot.services.alerts.refusals import Sender
from bot.settings import Settings
from bot.sources import Source

HOW_TO_ASK = "Send the header Authorization: Bearer <ALERTS_TOKEN>, or ?token=<ALERTS_TOKEN>"
ONLY_SIGNED = "ALERTS_TOKEN is not set, so only sources that sign what they send are taken"


class Senders:
    """Compares in constant time."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], echoes: Echoes) -> None:
        self._settings = settings
        self.now = now
        self._echoes = echoes

    def has_token(self, request: web.Request) -> bool:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = [request.query.get("token", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
        return any(_is_one_of(one, self._settings.alerts_tokens) for one in given)

    def may_prove_it_by_its_body(self, source: Source | None) -> bool:
        """Does the body have to be read to know who sent it?"""
        if source is None:
            return False
        return bool(self._secrets(source)) or (source.token_in is not None and bool(self._settings.alerts_tokens))

    def proves_it_by_its_body(self, source: Source, body: bytes, request: web.Request) -> bool:
        """By its signature, or by a token that the source can only put into the body."""
        if source.token_in and _is_one_of(source.token_in(body) or "", self._settings.alerts_tokens):
            return True
        if source.is_signed is None:
            return False
        now = self.now()
        return any(source.is_signed(body, request.headers, secret, now) for secret in self._secrets(source))

    def may_be_copied(self, source: Source, request: web.Request) -> bool:
        """Is its only proof a signature without a timestamp, which can be replayed?"""
        return source.is_dated is not None and not source.is_dated(request.headers) and not self.has_token(request)

    async def are_we(self, source: Source, request: web.Request, body: bytes) -> bool:
        """Was it sent by this very installation? Raises Unreachable."""
        key = source.sent_as(body) if source.sent_as else None
        return await self._echoes.is_one(request.headers, body, key)

    def refusal(self, source: Source | None = None) -> str:
        """How to authenticate; `source`: the one whose address was used, None = unspecified."""
        how = HOW_TO_ASK if self._settings.alerts_tokens else ONLY_SIGNED
        secret = _name_of_secret(source)
        return f"{how}; what is signed must be signed now, with {secret}" if secret else how

    def _secrets(self, source: Source) -> list[str]:
        """The secrets this source may sign with; empty when it doesn't sign, or none is set."""
        if source.is_signed is None or source.secret is None:
            return []
        return [secret.get_secret_value() for secret in getattr(self._settings, source.secret)]


def sender_of(source: Source, request: web.Request) -> Sender:
    return Sender(source.name, request.remote or "", request.headers.get("User-Agent", ""), _name_of_secret(source))


def _name_of_secret(source: Source | None) -> str | None:
    """The environment variable with the source's signing secret; None = it doesn't sign."""
    return Settings.model_fields[source.secret].alias if source and source.secret else None


def _is_one_of(given: str, tokens: Iterable[SecretStr]) -> bool:
    sent = given.encode("utf-8", "replace")
    found = False
    for token in tokens:
        found |= hmac.compare_digest(sent, token.get_secret_value().encode())
    return found
