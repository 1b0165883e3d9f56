"""The door for monitoring systems: alerts and signs of life over HTTP, and a reason for whatever is not taken."""

import hmac
import logging
from collections.abc import Iterable

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.errors import NotFound, TocsinError, Unanswered, Unreachable
from bot.services.alerts import Alerts
from bot.services.heartbeats import Heartbeats
from bot.settings import Settings
from bot.sources import Source, Unreadable, WrongShape, on_the_shelf
from bot.store.troubles import plain_reason

log = logging.getLogger(__name__)

NOTHING_STORED = "nothing was stored, send it again later"
NOT_KNOWN = "it is not known whether this was stored: send it again, it is taken once"
LARGEST_BODY = 1024 * 1024
HOW_TO_ASK = "Send the header Authorization: Bearer <ALERTS_TOKEN>, or ?token=<ALERTS_TOKEN>"
ONLY_SIGNED = "ALERTS_TOKEN is not set, so only sources that sign what they send are taken"


def routes(alerts: Alerts, heartbeats: Heartbeats, settings: Settings, clock: Clock) -> list[web.RouteDef]:
    intake = Intake(alerts, heartbeats, settings, clock)
    return [
        web.post("/alerts/heartbeat/{name}", intake.heartbeat),
        web.post("/alerts/{source}", intake.alerts),
    ]


class Intake:
    """Token or signature on the raw bytes first; then the body is read; what is answered with 202 is kept."""

    def __init__(self, alerts: Alerts, heartbeats: Heartbeats, settings: Settings, clock: Clock) -> None:
        self._alerts = alerts
        self._heartbeats = heartbeats
        self._settings = settings
        self._clock = clock
        self._sources = on_the_shelf()

    async def alerts(self, request: web.Request) -> web.Response:
        """`POST /alerts/{source}`"""
        try:
            return await self._take(request)
        except TocsinError as error:
            return _refusal(error)

    async def heartbeat(self, request: web.Request) -> web.Response:
        """`POST /alerts/heartbeat/{name}`: whatever its body says, the job is alive."""
        try:
            if not self._has_token(request):
                return self._unauthorized()
            await self._heartbeats.beat(request.match_info["name"])
        except TocsinError as error:
            return _refusal(error)
        return web.json_response({"accepted": 1}, status=202)

    async def _take(self, request: web.Request) -> web.Response:
        source = self._sources.get(request.match_info["source"])
        trusted, secret = self._has_token(request), self._secret(source)
        if not trusted and secret is None:
            return self._unauthorized()
        if source is None:
            raise NotFound(f"there is no such source; there is: {', '.join(sorted(self._sources))}")
        body = await _body(request)
        if body is None:
            return _answer(413, f"the body is larger than {LARGEST_BODY} bytes")
        if not trusted and not self._is_signed(source, body, request, secret):
            return self._unauthorized()
        received = source.parse(body, request.headers)
        delivery = source.delivery(body, request.headers) if source.delivery else None
        accepted = await self._alerts.receive(source.name, received, body=body, delivery=delivery)
        log.info("source=%s accepted=%s", source.name, accepted)
        return web.json_response({"accepted": accepted}, status=202)

    def _has_token(self, request: web.Request) -> bool:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = [request.query.get("token", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
        return any(_is_one_of(one, self._settings.alerts_tokens) for one in given)

    def _secret(self, source: Source | None) -> str | None:
        """What this source signs with; None when it does not, or no secret is set for it."""
        if source is None or source.is_signed is None or source.secret is None:
            return None
        secret = getattr(self._settings, source.secret)
        return secret.get_secret_value() if isinstance(secret, SecretStr) else None

    def _is_signed(self, source: Source, body: bytes, request: web.Request, secret: str | None) -> bool:
        if source.is_signed is None or secret is None:
            return False
        return source.is_signed(body, request.headers, secret, self._clock.now())

    def _unauthorized(self) -> web.Response:
        reason = HOW_TO_ASK if self._settings.alerts_tokens else ONLY_SIGNED
        return _answer(401, reason, {"WWW-Authenticate": "Bearer"})


def _is_one_of(given: str, tokens: Iterable[SecretStr]) -> bool:
    """Takes as long for a wrong token as for a right one: all of them are compared, each in constant time."""
    sent = given.encode("utf-8", "replace")
    found = False
    for token in tokens:
        found |= hmac.compare_digest(sent, token.get_secret_value().encode())
    return found


async def _body(request: web.Request) -> bytes | None:
    """The whole body; None as soon as it is too large. Raises Unreadable when it breaks off."""
    if (request.content_length or 0) > LARGEST_BODY:
        return None
    kept = bytearray()
    try:
        async for chunk in request.content.iter_any():
            kept += chunk
            if len(kept) > LARGEST_BODY:
                return None
    except (aiohttp.ClientPayloadError, web.RequestPayloadError) as error:
        raise Unreadable("the body cannot be read") from error
    return bytes(kept)


def _refusal(error: TocsinError) -> web.Response:
    if isinstance(error, Unanswered):
        log.warning("not known whether it was stored: %s", error)
        return _answer(503, NOT_KNOWN, {"Retry-After": "5"})
    if isinstance(error, Unreachable):
        log.warning("nothing stored: %s", error)
        reason = plain_reason(error)
        return _answer(503, NOTHING_STORED + (f": {reason}" if reason else ""), {"Retry-After": "5"})
    for kind, status in ((WrongShape, 422), (Unreadable, 400), (NotFound, 404)):
        if isinstance(error, kind):
            return _answer(status, str(error))
    raise error


def _answer(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": reason}, status=status, headers=headers)
