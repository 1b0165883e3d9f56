"""The read-only API for other programs: incidents as JSON, with a token."""

import hmac
from typing import Any

from aiohttp import web

from bot.domain.errors import Refused
from bot.domain.statistics.numbers import Numbers
from bot.doors.incident_json import in_full, in_short
from bot.services import Services
from bot.services.statistics.tables import as_csv, as_json
from bot.wire.timeouts import TimeLimit

EVERY_INCIDENT = 1_000_000
# Better to tell a program to retry than to keep it waiting.
TIMEOUT_S = 5.0
USUAL_DAYS, LONGEST_NUMBER = 30, 10


def routes(services: Services) -> list[web.RouteDef]:
    """No routes while API_TOKEN is not set."""
    token = services.settings.api_token
    if token is None:
        return []
    api = Api(services, token.get_secret_value())
    return [
        web.get("/api/v1/incidents", api.list),
        web.get("/api/v1/incidents/{ref}", api.show),
        web.get("/api/v1/stats", api.stats),
    ]


class Api:
    """Serves anybody with the token."""

    def __init__(self, services: Services, token: str) -> None:
        self._services = services
        self._token = token
        self._time_limit = TimeLimit(TIMEOUT_S)

    async def list(self, request: web.Request) -> web.Response:
        """All incidents, or with `?state=open` the open ones, newest first."""
        self._must_know_the_token(request)
        state = request.query.get("state", "all")
        if state not in ("all", "open"):
            raise Refused("state is “open”, or left out for all incidents")
        newest = self._services.incidents.newest(open_only=state == "open", limit=EVERY_INCIDENT)
        found = await self._time_limit.wait_for(newest)
        return web.json_response({"incidents": [in_short(incident) for incident in found]})

    async def show(self, request: web.Request) -> web.Response:
        self._must_know_the_token(request)
        return web.json_response(await self._time_limit.wait_for(self._shown(request.match_info["ref"])))

    async def stats(self, request: web.Request) -> web.Response:
        """The statistics of the last `?days=30`, or of a `?period=2026-Q3`; as a table with `Accept: text/csv`."""
        self._must_know_the_token(request)
        numbers = await self._time_limit.wait_for(self._counted(request))
        if "text/csv" in request.headers.get("Accept", ""):
            return web.Response(text=as_csv(numbers), content_type="text/csv", charset="utf-8")
        return web.json_response(as_json(numbers))

    async def _counted(self, request: web.Request) -> Numbers:
        """Raises Refused."""
        if "period" in request.query:
            return await self._services.statistics.said(request.query["period"])
        return await self._services.statistics.of_days(_days(request))

    async def _shown(self, ref: str) -> dict[str, Any]:
        incident = await self._services.incidents.find(ref)
        return in_full(await self._services.records.of(incident.id))

    def _must_know_the_token(self, request: web.Request) -> None:
        """Raises 401. Compares in constant time."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token.encode())
        if scheme.lower() != "bearer" or not right:
            raise web.HTTPUnauthorized(reason="Send the header Authorization: Bearer <API_TOKEN>",
                                       headers={"WWW-Authenticate": "Bearer"})  # fmt: skip


def _days(request: web.Request) -> int:
    """Raises Refused."""
    words = request.query.get("days", str(USUAL_DAYS))
    if not (words.isascii() and words.isdigit() and len(words) < LONGEST_NUMBER):
        raise Refused("days is a whole number, for example 30")
    return int(words)
