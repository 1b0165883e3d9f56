"""What other programs may read: incidents as JSON, with a token, and nothing to write."""

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.services import Services
from bot.store.incidents.incidents import Entry
from bot.store.paging import pages
from bot.wire.timeouts import TimeLimit

EVERY_INCIDENT = 1_000_000
# A program that asks is told to come again, rather than left waiting.
TIMEOUT_S = 5.0


def routes(services: Services) -> list[web.RouteDef]:
    """None at all while no API_TOKEN is set."""
    token = services.settings.api_token
    if token is None:
        return []
    api = Api(services, token.get_secret_value())
    return [web.get("/api/v1/incidents", api.list), web.get("/api/v1/incidents/{ref}", api.show)]


class Api:
    """Reads for whoever has the token."""

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

    async def _shown(self, ref: str) -> dict[str, Any]:
        incident = await self._services.incidents.find(ref)
        if incident.private:
            return in_full(incident, (), ())
        async with self._services.db.transaction() as conn:
            sent = await pages.of_incident(conn, incident.id)
        timeline = await self._services.incidents.timeline(incident.id)
        return in_full(incident, timeline, sent)

    def _must_know_the_token(self, request: web.Request) -> None:
        """Raises 401. Takes as long for a wrong token as for a right one."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token.encode())
        if scheme.lower() != "bearer" or not right:
            raise web.HTTPUnauthorized(reason="Send the header Authorization: Bearer <API_TOKEN>",
                                       headers={"WWW-Authenticate": "Bearer"})  # fmt: skip


def in_short(incident: Incident) -> dict[str, Any]:
    """Of a private one that it is there, how grave it is and how far: neither its title, its room nor its people."""
    shown = incident.room_id and not incident.private
    return {
        "ref": incident.ref,
        "title": "Private incident" if incident.private else incident.title,
        **({"private": True} if incident.private else {}),
        "severity": incident.severity,
        "status": incident.status,
        "drill": incident.drill,
        "declared_at": instant(incident.declared_at),
        "acknowledged_at": instant(incident.acknowledged_at),
        "acknowledged_by": None if incident.private else incident.acknowledged_by,
        "resolved_at": instant(incident.resolved_at),
        "channel": {"id": incident.room_id, "name": incident.room_name} if shown else None,
        "lead": None if incident.private else incident.lead,
    }


def in_full(incident: Incident, timeline: Iterable[Entry], sent: Iterable[Page]) -> dict[str, Any]:
    entries = [_entry(entry) for entry in timeline]
    return {
        **in_short(incident),
        "timeline": entries,
        "pages": [_page(page) for page in sent],
        "updates": [entry for entry in entries if entry["kind"] == "update"],
        "actions": [],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {"at": instant(entry.at), "actor": entry.actor, "kind": entry.kind, "text": entry.text}


def _page(page: Page) -> dict[str, Any]:
    """`tier` is null when a person was called by hand."""
    return {
        "tier": page.tier,
        "person": page.person,
        "via": page.via,
        "state": page.state,
        "may_have_been_accepted": page.is_unknown,
        "attempts": page.attempts,
        "reference": page.reference,
        "error": page.error,
        "due_at": instant(page.due_at),
        "accepted_at": instant(page.accepted_at),
    }


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
