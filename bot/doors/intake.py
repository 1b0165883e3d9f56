"""The door for monitoring systems: alerts and signs of life over HTTP, and a reason for whatever is not taken."""

import asyncio
import hmac
import logging
from collections.abc import Iterable

from aiohttp import web
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.errors import NotFound, TocsinError, Unanswered, Unreachable
from bot.doors.request_bodies import Garbled, TooLarge, TooSlow, read_body, unpacked
from bot.services.alerts.alerts import Alerts, TooMany
from bot.services.alerts.heartbeats import Heartbeats
from bot.services.alerts.refusals import AlertRefusals, Sender
from bot.settings import Settings
from bot.sources import Reading, Source, Unreadable, WrongShape, on_the_shelf
from bot.store.errors import plain_reason

log = logging.getLogger(__name__)

NOTHING_STORED = "nothing was stored, send it again later"
NOT_KNOWN = "it is not known whether this was stored: send it again, it is taken once"
LARGEST_BODY = 1024 * 1024
# A larger one is parsed in a thread, so that the loop goes on turning.
PARSED_AT_ONCE = 16 * 1024
# Of what was odd in a body, told to its sender.
ODD_SHOWN = 10
HOW_TO_ASK = "Send the header Authorization: Bearer <ALERTS_TOKEN>, or ?token=<ALERTS_TOKEN>"
ONLY_SIGNED = "ALERTS_TOKEN is not set, so only sources that sign what they send are taken"


STATUSES: tuple[tuple[type[TocsinError], int], ...] = (
    (WrongShape, 422), (TooMany, 422), (Unreadable, 400), (Garbled, 400), (TooLarge, 413), (TooSlow, 408),
    (NotFound, 404),
)  # fmt: skip


def routes(
    alerts: Alerts, heartbeats: Heartbeats, refusals: AlertRefusals, settings: Settings, clock: Clock
) -> list[web.RouteDef]:
    intake = Intake(alerts, heartbeats, refusals, settings, clock)
    return [
        web.post("/alerts/heartbeat/{name}", intake.heartbeat),
        web.post("/alerts/{source}", intake.alerts),
    ]


class Intake:
    """Token or signature on the raw bytes first; then the body is read; what is answered with 202 is kept."""

    def __init__(
        self, alerts: Alerts, heartbeats: Heartbeats, refusals: AlertRefusals, settings: Settings, clock: Clock
    ) -> None:
        self._alerts = alerts
        self._heartbeats = heartbeats
        self._refusals = refusals
        self._settings = settings
        self._clock = clock
        self._sources = on_the_shelf()

    async def alerts(self, request: web.Request) -> web.Response:
        """`POST /alerts/{source}`: whatever is not taken is heard of here, for its sender may never look."""
        try:
            answer = await self._take(request)
        except TocsinError as error:
            answer = _refusal(error)
        sender = self._sender(request)
        if sender and answer.status >= 400:
            await self._refusals.refused(sender, answer.status)
        elif sender:
            await self._refusals.taken(sender)
        return answer

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
        body = await read_body(request, LARGEST_BODY)
        if not trusted and not self._is_signed(source, body, request, secret):
            return self._unauthorized()
        body = unpacked(body, request.headers.get("Content-Encoding", ""), LARGEST_BODY)
        reading = await _parsed(source, body, request)
        delivery = source.delivery(body, request.headers) if source.delivery else None
        accepted = await self._alerts.receive(
            source.name, reading.alerts, reading.listings, body=body, delivery=delivery
        )
        log.info("source=%s accepted=%s odd=%s", source.name, accepted, len(reading.odd))
        for one in reading.odd[:ODD_SHOWN]:
            log.warning("source=%s odd: %s", source.name, one)
        return web.json_response(_accepted(accepted, reading), status=202)

    def _sender(self, request: web.Request) -> Sender | None:
        """None when it is of no source that we know."""
        source = self._sources.get(request.match_info["source"])
        program = request.headers.get("User-Agent", "")
        return Sender(source.name, request.remote or "", program) if source else None

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


async def _parsed(source: Source, body: bytes, request: web.Request) -> Reading:
    if len(body) <= PARSED_AT_ONCE:
        return source.parse(body, request.headers)
    return await asyncio.to_thread(source.parse, body, request.headers)


def _accepted(count: int, reading: Reading) -> dict[str, object]:
    """With what was odd, when anything was."""
    odd = list(reading.odd[:ODD_SHOWN])
    more = len(reading.odd) - len(odd)
    return {"accepted": count} | ({"odd": odd + [f"and {more} more"] * bool(more)} if odd else {})


def _refusal(error: TocsinError) -> web.Response:
    if isinstance(error, Unanswered):
        log.warning("not known whether it was stored: %s", error)
        return _answer(503, NOT_KNOWN, {"Retry-After": "5"})
    if isinstance(error, Unreachable):
        log.warning("nothing stored: %s", error)
        reason = plain_reason(error)
        return _answer(503, NOTHING_STORED + (f": {reason}" if reason else ""), {"Retry-After": "5"})
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return _answer(status, str(error))
    raise error


def _answer(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": reason}, status=status, headers=headers)
