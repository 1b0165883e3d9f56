"""A simulated statuspage.io: its incident API over real HTTP, and a page with what readers would see."""

import html
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.sandbox.statuspage_rules import wrong_in

TOKEN = "sandbox-statuspage-token"  # noqa: S105 - of nobody's account
PAGE = "/v1/pages/{page}"

Json = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A fault for one request: it gets `status` as its answer; None: the connection is closed without one.

    `is_done`: the request is carried out nevertheless. `writes`: applies only to requests that change something.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_done: bool = False
    writes: bool = True


class SimulatedStatuspage:
    """`incidents` are newest first, each with its `incident_updates`, newest first. Accepts every page and creates
    every component that is mentioned, except those in `unknown`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.url = ""
        self.incidents: list[Json] = []
        self.components: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.postmortems: dict[str, Json] = {}
        self.asked: list[str] = []
        self.faults: deque[Fault] = deque()
        self.reopens = True
        self._number = 0

    @property
    def environ(self) -> dict[str, str]:
        """The bot's environment variables for it."""
        return {"STATUSPAGE_TOKEN": TOKEN, "STATUSPAGE_API_URL": f"{self.url}/v1"}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["SimulatedStatuspage"]:
        application = web.Application(middlewares=[self._guarded])
        application.add_routes([
            web.get("/", self._shown),
            web.get(PAGE, self._page),
            web.get(f"{PAGE}/components", self._components),
            web.get(f"{PAGE}/incidents", self._latest),
            web.get(f"{PAGE}/incidents/unresolved", self._unresolved),
            web.get(f"{PAGE}/incidents/upcoming", self._upcoming),
            web.get(f"{PAGE}/incidents/active_maintenance", self._under_way),
            web.get(f"{PAGE}/incidents/{{id}}", self._incident),
            web.post(f"{PAGE}/incidents", self._create),
            web.patch(f"{PAGE}/incidents/{{id}}", self._change),
            web.put(f"{PAGE}/incidents/{{id}}/postmortem", self._draft_postmortem),
            web.put(f"{PAGE}/incidents/{{id}}/postmortem/publish", self._publish_postmortem),
        ])  # fmt: skip
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        if request.path == "/":
            return _as_response(await handler(request))
        self.asked.append(f"{request.method} {request.path.removeprefix('/v1/pages/').partition('/')[2]}")
        if request.headers.get("Authorization") != f"OAuth {TOKEN}":
            return _error(401, "Could not authenticate")
        if request.match_info.get("page") in self.unknown:
            return _error(404, "Record not found")
        fault = self._fault(request)
        if fault is None:
            return _as_response(await handler(request))
        if fault.is_done:
            await handler(request)
        if fault.status is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response({"error": "out of order"}, status=fault.status, headers=fault.headers)

    def _fault(self, request: web.Request) -> Fault | None:
        """The next fault, if it applies to this kind of request."""
        if self.faults and (request.method != "GET" or not self.faults[0].writes):
            return self.faults.popleft()
        return None

    async def _page(self, request: web.Request) -> web.Response:
        return web.json_response({"id": request.match_info["page"], "name": "Example status", "url": self.url})

    async def _components(self, request: web.Request) -> web.Response:
        return web.json_response([{"id": id, "status": status} for id, status in self.components.items()])

    async def _latest(self, request: web.Request) -> web.Response:
        return web.json_response(self._on(request)[: int(request.query.get("limit", "100"))])

    async def _unresolved(self, request: web.Request) -> web.Response:
        return self._those(request, ("investigating", "identified", "monitoring"))

    async def _upcoming(self, request: web.Request) -> web.Response:
        return self._those(request, ("scheduled",))

    async def _under_way(self, request: web.Request) -> web.Response:
        return self._those(request, ("in_progress", "verifying"))

    async def _incident(self, request: web.Request) -> web.Response:
        return web.json_response(self._found(request))

    async def _create(self, request: web.Request) -> web.Response:
        given = (await request.json())["incident"]
        self._must_be_valid(given, None)
        self._number += 1
        incident: Json = {
            "id": f"p31zjtct{self._number:04}", "page_id": request.match_info["page"], "name": given["name"],
            "status": "investigating", "metadata": {}, "incident_updates": [], "components": [], "impact": "none",
            "created_at": self._now().isoformat(),
        }  # fmt: skip
        self.incidents.insert(0, incident)
        return web.json_response(self._written(incident, given), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        given = (await request.json())["incident"]
        incident = self._found(request)
        self._must_be_valid(given, incident)
        if incident["status"] == "resolved" and given.get("status", "resolved") != "resolved" and not self.reopens:
            raise _refused("Status cannot be changed from resolved")
        return web.json_response(self._written(incident, given))

    async def _draft_postmortem(self, request: web.Request) -> web.Response:
        incident = self._found(request)
        if incident["status"] != "resolved":
            raise _refused("Incident is not resolved")
        draft = (await request.json())["postmortem"]["body_draft"]
        self.postmortems[incident["id"]] = {"body": draft, "published": False}
        return web.json_response({"body_draft": draft})

    async def _publish_postmortem(self, request: web.Request) -> web.Response:
        self.postmortems[self._found(request)["id"]]["published"] = True
        return web.json_response({"published_at": self._now().isoformat()})

    async def _shown(self, request: web.Request) -> web.Response:
        """A page with what readers would see, for visitors of the sandbox."""
        parts = [part for one in self.incidents for part in _as_html(one)] or ["<p>No incidents.</p>"]
        page = "".join(["<!doctype html><title>Statuspage</title><h1>Statuspage</h1>", *parts])
        return web.Response(text=page, content_type="text/html")

    def _written(self, incident: Json, given: Json) -> Json:
        incident["status"] = given.get("status", incident["status"])
        incident["name"] = given.get("name", incident["name"])
        incident["metadata"] = given.get("metadata", incident["metadata"])
        incident["impact"] = given.get("impact_override") or incident["impact"]
        incident |= {key: value for key, value in given.items() if key.startswith(("scheduled_", "auto_"))}
        if given.get("body"):
            said = {"status": incident["status"], "body": given["body"], "created_at": self._now().isoformat()}
            incident["incident_updates"].insert(0, said)
        self.components |= given.get("components", {})
        affected = dict.fromkeys([*(one["id"] for one in incident["components"]), *given.get("component_ids", [])])
        incident["components"] = [{"id": id, "status": self.components[id]} for id in affected]
        return incident

    def _must_be_valid(self, given: Json, incident: Json | None) -> None:
        """Answers 422 with every reason, like the real one. `incident` None: it is being created."""
        named = {*given.get("components", {}), *given.get("component_ids", [])}
        reasons = [*wrong_in(given, incident, self._now()), *(["Component not found"] if self.unknown & named else [])]
        if reasons:
            raise _refused(*reasons)

    def _those(self, request: web.Request, statuses: tuple[str, ...]) -> web.Response:
        return web.json_response([one for one in self._on(request) if one["status"] in statuses])

    def _on(self, request: web.Request) -> list[Json]:
        """The page's incidents, with the current states of their components."""
        found = [one for one in self.incidents if one["page_id"] == request.match_info["page"]]
        for one in found:
            one["components"] = [
                {"id": each["id"], "status": self.components[each["id"]]} for each in one["components"]
            ]
        return found

    def _found(self, request: web.Request) -> Json:
        for one in self._on(request):
            if one["id"] == request.match_info["id"]:
                return one
        raise web.HTTPNotFound(text='{"error": "Record not found"}', content_type="application/json")


def _as_html(incident: Json) -> list[str]:
    said = [f"{one['status']}: {one['body']}" for one in incident["incident_updates"]]
    planned = [f"{incident['scheduled_for']} to {incident['scheduled_until']}"] if "scheduled_for" in incident else []
    said = [*planned, *said]
    return [f"<h2>{html.escape(incident['name'])}</h2>", *(f"<p>{html.escape(one)}</p>" for one in said)]


def _as_response(given: Any) -> web.StreamResponse:
    assert isinstance(given, web.StreamResponse)
    return given


def _refused(*reasons: str) -> web.HTTPException:
    body = web.json_response({"error": list(reasons)}).text
    return web.HTTPUnprocessableEntity(text=body, content_type="application/json")


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
