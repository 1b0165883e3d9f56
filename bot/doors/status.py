"""The door for the status page: one look a second for all readers; the last one while the database is away."""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import ETag, web

from bot.domain.errors import Failed
from bot.domain.updates.status_page import WRITTEN_EVERY, PageFiles, StatusPage
from bot.services import Services
from bot.services.updates.status_pages import PATH
from bot.services.upkeep.shared_look import SharedLook
from bot.wire.timeouts import TimeLimit

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0
CACHE = "public, max-age=10"
HTML, JSON, ATOM = "text/html", "application/json", "application/atom+xml"


def routes(services: Services) -> list[web.RouteDef]:
    """No routes when no audience of the runbook has a page."""
    audience = services.status_pages.served
    if audience is None:
        return []
    door = StatusDoor(services, audience)
    return [
        web.get(PATH, door.html),
        web.get(f"{PATH}.json", door.json),
        web.get(f"{PATH}.atom", door.atom),
    ]


@dataclass(frozen=True)
class Seen:
    """`words`: a digest of what the page says; `minute`: also of the minute in which it was written."""

    files: PageFiles
    words: str
    minute: str


def tag_of(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


class StatusDoor:
    def __init__(self, services: Services, audience: str) -> None:
        self._clock = services.clock
        self._pages = services.status_pages
        self._rendering = services.rendering
        self._audience = audience
        self._last: StatusPage | None = None
        self._time_limit = TimeLimit(TIMEOUT_S)
        self._shared = SharedLook(self._look)

    async def html(self, request: web.Request) -> web.StreamResponse:
        seen = await self._shared.see()
        return _answer(request, seen.files.html, seen.minute, HTML, seen.files.policy) if seen else self._away()

    async def json(self, request: web.Request) -> web.StreamResponse:
        seen = await self._shared.see()
        return _answer(request, seen.files.json, seen.minute, JSON) if seen else self._away()

    async def atom(self, request: web.Request) -> web.StreamResponse:
        seen = await self._shared.see()
        return _answer(request, seen.files.atom, seen.words, ATOM) if seen else self._away()

    async def _look(self) -> Seen | None:
        """While the database is away, the last look; None: there was none yet."""
        try:
            self._last = await self._time_limit.wait_for(self._pages.look(self._audience))
        except Failed as error:
            log.warning("status page: %s", error)
        return self._seen(self._last) if self._last else None

    def _seen(self, page: StatusPage) -> Seen:
        old_since = self._old_since(page)
        words = tag_of(replace(page, written_at=page.began_at), old_since)
        minute = tag_of(words, f"{page.written_at:%Y-%m-%dT%H:%M}")
        return Seen(self._pages.written(page, old_since=old_since), words, minute)

    def _old_since(self, page: StatusPage) -> datetime | None:
        return page.written_at if self._clock.now() - page.written_at > WRITTEN_EVERY else None

    def _away(self) -> web.Response:
        words = self._rendering.say("web/status_away")
        return web.Response(status=503, text=words, content_type=HTML, headers={"Retry-After": "10"})


def _answer(request: web.Request, body: bytes, tag: str, kind: str, policy: str | None = None) -> web.StreamResponse:
    """Answers 304 to a client that has this version, such as a feed reader."""
    known = any(one.value == tag for one in request.if_none_match or ())
    response = web.Response(status=304) if known else web.Response(body=body, content_type=kind, charset="utf-8")
    response.etag = ETag(tag, is_weak=True)
    response.headers["Cache-Control"] = CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    if policy:
        response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    return response
