"""The door for monitoring systems: alerts and heartbeats over HTTP, with a reason for everything refused."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web
from multidict import CIMultiDict

from bot.domain.alerts.received import named_at
from bot.domain.errors import Failed, NotFound, Rejected, TocsinError, Unanswered, Unreachable
from bot.domain.text import plain_line
from bot.doors.rates import Rate, TooOften
from bot.doors.request_bodies import Garbled, TooLarge, TooSlow, read_body, unpacked
from bot.doors.senders import Senders, sender_of
from bot.services.alerts.alerts import Alerts, TooMany
from bot.services.alerts.heartbeats import Heartbeats
from bot.services.alerts.refusals import AlertRefusals
from bot.sources import Fetch, Headers, Reading, Source, Unreadable, WrongShape
from bot.store.errors import plain_reason

Made = TypeVar("Made")
log = logging.getLogger(__name__)

NOTHING_STORED = "nothing was stored, send it again later"
NOT_KNOWN = "it is not known whether this was stored: send it again"
OUR_OWN = "sent by this Tocsin itself: the address that it was sent to leads back here"
LARGEST_BODY = 1024 * 1024
# Larger bodies are parsed in a thread, so that the event loop isn't blocked.
PARSED_AT_ONCE = 16 * 1024
# At most this many oddities of a body are reported to its sender.
ODD_SHOWN = 10
# Query parameters that aren't fields of an alert.
OURS = ("token", "site")
# For each application at each address, where a source distinguishes them.
PER_MINUTE = 300


STATUSES: tuple[tuple[type[TocsinError], int], ...] = (
    (WrongShape, 422), (TooMany, 422), (Unreadable, 400), (Garbled, 400), (TooLarge, 413), (TooSlow, 408),
    (NotFound, 404),
)  # fmt: skip


def routes(
    alerts: Alerts, heartbeats: Heartbeats, refusals: AlertRefusals, senders: Senders, sources: Mapping[str, Source],
    fetch: Fetch,
) -> list[web.RouteDef]:  # fmt: skip
    """`sources` by the word in their address; `fetch` gets what proves a source's authenticity from its server."""
    intake = Intake(alerts, heartbeats, refusals, senders, sources, fetch)
    below = [
        web.post(f"/alerts/{{source:{source.name}}}/{path}", intake.alerts)
        for source in sources.values()
        for path in source.paths
    ]
    return [
        web.post("/alerts/heartbeat/{name}", intake.heartbeat),
        *below,
        web.post("/alerts/{source}", intake.alerts),
        web.get("/alerts/{source}", intake.query),
    ]


class Intake:
    """Checks token or signature on the raw bytes first, then parses; everything answered with 202 is stored."""

    def __init__(
        self, alerts: Alerts, heartbeats: Heartbeats, refusals: AlertRefusals, senders: Senders,
        sources: Mapping[str, Source], fetch: Fetch,
    ) -> None:  # fmt: skip
        self._alerts = alerts
        self._heartbeats = heartbeats
        self._refusals = refusals
        self._senders = senders
        self._sources = sources
        self._fetch = fetch
        self._rate = Rate(PER_MINUTE, senders.now)

    async def alerts(self, request: web.Request) -> web.Response:
        """`POST /alerts/{source}`: refusals are reported to the team here, because the sender may never look."""
        return await self._reported(request, self._take(request))

    async def query(self, request: web.Request) -> web.Response:
        """`GET /alerts/{source}?…`, for sources that send their fields in the query."""
        source = self._sources.get(request.match_info["source"])
        if source is None or not source.by_query:
            raise web.HTTPMethodNotAllowed("GET", ["POST"])
        return await self._reported(request, self._take_query(source, request))

    async def heartbeat(self, request: web.Request) -> web.Response:
        """`POST /alerts/heartbeat/{name}`: the job is alive, whatever the body says."""
        try:
            if not self._senders.has_token(request):
                return self._unauthorized()
            await self._heartbeats.beat(request.match_info["name"])
        except TocsinError as error:
            return _refusal(error)
        return web.json_response({"accepted": 1}, status=202)

    async def _reported(self, request: web.Request, taking: Awaitable[web.Response]) -> web.Response:
        why = ""
        try:
            answer = await taking
        except TocsinError as error:
            answer, why = _refusal(error), str(error)
        if source := self._sources.get(request.match_info["source"]):
            sender = sender_of(source, request)
            if answer.status >= 400:
                await self._refusals.refused(sender, answer.status, why)
            else:
                await self._refusals.taken(sender)
        return answer

    async def _take(self, request: web.Request) -> web.Response:
        source = self._sources.get(request.match_info["source"])
        trusted = self._senders.has_token(request)
        if not trusted and not self._senders.may_prove_it_by_its_body(source):
            return self._unauthorized(source)
        if source is None:
            raise NotFound(f"there is no such source; there is: {', '.join(sorted(self._sources))}")
        if self._alerts.is_full:
            return _answer(503, f"{NOTHING_STORED}: too many wait already", {"Retry-After": "5"})
        body = await read_body(request, LARGEST_BODY)
        if not trusted and not self._senders.proves_it_by_its_body(source, body, request):
            return self._unauthorized(source)
        body = unpacked(body, request.headers.get("Content-Encoding", ""), LARGEST_BODY)
        if source.is_genuine and not await source.is_genuine(body, self._fetch):
            return _answer(401, "the signature is wrong, or its certificate is not the provider's")
        if source.by_query and trusted and not body.strip():
            return await self._take_query(source, request)
        if await self._senders.are_we(source, request, body):
            # Taking it would send it out again in a loop, and a page would count as sent.
            log.warning("source=%s what this house has sent has come back: refused", source.name)
            return _echo(source)
        return await self._keep(source, body, request.headers, request)

    async def _take_query(self, source: Source, request: web.Request) -> web.Response:
        """From a GET, or a POST without a body."""
        if not self._senders.has_token(request):
            return self._unauthorized()
        fields = [(name, value) for name, value in request.query.items() if name not in OURS]
        headers = {**request.headers, "Content-Type": "application/x-www-form-urlencoded"}
        return await self._keep(source, urlencode(fields).encode(), CIMultiDict(headers), request)

    async def _keep(self, source: Source, body: bytes, headers: Headers, request: web.Request) -> web.Response:
        address, site = request.remote or "", plain_line(request.query.get("site", ""))
        try:
            reading = await _aside(source.parse, body, headers)
            if reading.confirm:
                await self._confirm(reading.confirm)
        except (Unreadable, WrongShape) as error:
            self._limit(source, address)
            await self._refusals.not_understood(source.name, str(error), await _kept(source, body))
            raise
        self._limit(source, address, reading)
        delivery = source.delivery(body, headers) if source.delivery else None
        if site:
            reading, delivery = reading.at_site(site), delivery and named_at(site, delivery)
        digest = sha256(body).digest() if self._senders.may_be_copied(source, request) else None
        accepted = await self._alerts.receive(
            source.name,
            reading.alerts,
            reading.listings,
            body=await _kept(source, body),
            delivery=delivery,
            digest=digest,
        )
        if reading.acknowledged:
            await self._alerts.acknowledged(source.name, reading.acknowledged)
        log.info("source=%s accepted=%s odd=%s", source.name, accepted, len(reading.odd))
        for one in reading.odd[:ODD_SHOWN]:
            log.warning("source=%s odd: %s", source.name, one)
        status, answer = source.answer(body, accepted) if source.answer else (202, _accepted(accepted, reading))
        return web.json_response(answer, status=status)

    async def _confirm(self, address: str) -> None:
        """Idempotent. Raises WrongShape when the provider's server refuses, Unreachable when a retry may help."""
        try:
            await self._fetch(address)
        except Rejected as error:
            raise WrongShape(f"the subscription could not be confirmed: {error}") from error
        except Failed as error:
            raise Unreachable("the subscription could not be confirmed now") from error

    def _limit(self, source: Source, address: str, reading: Reading | None = None) -> None:
        """Raises TooOften. An unreadable delivery (None) counts for no application in particular."""
        if source.client is None:
            return
        clients = Counter(map(source.client, reading.alerts)) if reading else {"": 1}
        for client, count in clients.items():
            self._rate.take((source.name, address, client), count)

    def _unauthorized(self, source: Source | None = None) -> web.Response:
        return _answer(401, self._senders.refusal(source), {"WWW-Authenticate": "Bearer"})


async def _kept(source: Source, body: bytes) -> bytes:
    """The body without what not everybody in the channel may see."""
    return await _aside(source.kept, body) if source.kept else _without_token(source, body)


async def _aside(work: Callable[..., Made], body: bytes, *more: object) -> Made:
    """In a thread when the body is large."""
    if len(body) <= PARSED_AT_ONCE:
        return work(body, *more)
    return await asyncio.to_thread(work, body, *more)


def _without_token(source: Source, body: bytes) -> bytes:
    """Removes the token, which some systems can only send in the body: what is stored may be shown to anybody in the
    channel."""
    token = source.token_in(body) if source.token_in else None
    for written in (token, token.replace("/", r"\/")) if token else ():
        body = body.replace(f'"{written}"'.encode(), b'"..."')
    return body


def _echo(source: Source) -> web.Response:
    status, answer = source.refusal(OUR_OWN) if source.refusal else (409, {"error": OUR_OWN})
    return web.json_response(answer, status=status)


def _accepted(count: int, reading: Reading) -> dict[str, object]:
    """The answer, with a list of oddities if there were any."""
    odd = list(reading.odd[:ODD_SHOWN])
    more = len(reading.odd) - len(odd)
    return {"accepted": count} | ({"odd": odd + [f"and {more} more"] * bool(more)} if odd else {})


def _refusal(error: TocsinError) -> web.Response:
    if isinstance(error, Unanswered):
        return _answer(503, NOT_KNOWN, {"Retry-After": "5"})
    if isinstance(error, Unreachable):
        reason = plain_reason(error)
        return _answer(503, NOTHING_STORED + (f": {reason}" if reason else ""), {"Retry-After": "5"})
    if isinstance(error, TooOften):
        return _answer(429, str(error), {"Retry-After": str(error.wait_s)})
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return _answer(status, str(error))
    raise error


def _answer(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": reason}, status=status, headers=headers)
