"""The door for everybody but Slack: health, metrics, the API, and other doors' routes; errors are JSON."""

import asyncio
import errno
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.domain.errors import Failed, NotFound, NotPermitted, Refused, TocsinError
from bot.doors import api
from bot.doors.doorkeeper import IDLE_FOR_S, Doorkeeper, most_connections, only_paths, refusals_seldom_told, welcomed
from bot.doors.overload import Overload
from bot.doors.request_bodies import TooLarge, TooSlow
from bot.metrics import CONTENT_TYPE, Figures, Metrics
from bot.services import Services
from bot.services.alerts.report_link import PATH as REPORTS
from bot.services.paging.links import PATH as LINKS
from bot.services.upkeep.figures import figures
from bot.services.upkeep.readiness import Readiness, ReadinessReport
from bot.services.upkeep.schema import Schema
from bot.services.upkeep.sessions import Sessions
from bot.services.upkeep.shared_look import SharedLook
from bot.wire.timeouts import TimeLimit

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LARGEST_BODY = 1024 * 1024
SHUTDOWN_TIMEOUT_S = 2.0
# Prometheus gives up after ten seconds, and this process's own measurements matter most during an outage.
FIGURES_TIMEOUT_S = 3.0
# Polled every few seconds by machines or many readers: not worth a line in the log.
POLLED = frozenset({"/healthz", "/readyz", "/metrics", "/status", "/status.json", "/status.atom"})
# Accepted whatever state the database is in: people are told what became of what they sent.
STILL_TAKEN = ("/slack/", LINKS, REPORTS)
# Defaults; a page that shows anything sets its own policy.
USUAL_HEADERS = {
    "Server": "tocsin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def web_app(
    services: Services, readiness: Readiness, metrics: Metrics, extra_routes: Iterable[web.AbstractRouteDef] = ()
) -> web.Application:
    """Every route of this process. `extra_routes` belong to other doors: Slack over HTTP, alerts, links."""
    health = HealthRoutes(services, readiness, metrics)
    middlewares = [welcomed, told_in_the_log, told_as_json, only_on_duty(services.schema, services.sessions)]
    app = web.Application(middlewares=middlewares, client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(_harden)
    app.add_routes([
        web.get("/healthz", health.alive),
        web.get("/readyz", health.ready),
        web.get("/metrics", health.metrics),
        *api.routes(services),
        *extra_routes,
    ])  # fmt: skip
    return app


@asynccontextmanager
async def serving(
    app: web.Application, *, host: str, port: int, overload: Overload | None = None
) -> AsyncIterator[int]:
    """Listen while the block runs; yields the port, which the system chooses for 0. Raises Refused."""
    overload = overload or Overload()
    # No automatic decompression: bodies are unpacked only after their sender is authenticated.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S, auto_decompress=False, keepalive_timeout=IDLE_FOR_S
    )
    await runner.setup()
    try:
        async with overload.measured(), _listening(runner, overload, host, port) as listening:
            yield listening.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _listening(runner: web.AppRunner, overload: Overload, host: str, port: int) -> AsyncIterator[asyncio.Server]:
    """Accepts new connections until the block ends."""
    assert runner.server is not None
    only_paths(runner.server)
    factory = Doorkeeper(most_connections(), overload).watched(runner.server)
    try:
        server = await asyncio.get_running_loop().create_server(factory, host, port)
    except OSError as error:
        raise Refused(_why_not(error, host, port)) from error
    try:
        with refusals_seldom_told():
            yield server
    finally:
        server.close()


class HealthRoutes:
    """Health, readiness and metrics."""

    def __init__(self, services: Services, readiness: Readiness, metrics: Metrics) -> None:
        self._services = services
        self._readiness = readiness
        self._metrics = metrics
        self._time_limit = TimeLimit(FIGURES_TIMEOUT_S)
        self._shared = SharedLook(self._figures)

    async def alive(self, request: web.Request) -> web.Response:
        """Says only that the event loop runs."""
        return web.json_response({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        report = await self._readiness.look()
        return web.json_response(_shown(report), status=200 if report.ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Works without the database too: this process's own measurements matter most then."""
        text = self._metrics.text(await self._shared.see())
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _figures(self) -> Figures | None:
        services = self._services
        try:
            return await self._time_limit.wait_for(figures(services.db, services.clock, services.gateway))
        except Failed as error:
            log.warning("no figures: %s", error)
            return None


@web.middleware
async def told_in_the_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Logs one line for each request, without the query, which may contain tokens."""
    began = time.perf_counter()
    response = await handler(request)
    level = logging.DEBUG if request.path in POLLED else logging.INFO
    taken_ms = (time.perf_counter() - began) * 1000
    log.log(level, "method=%s path=%s status=%s ms=%.1f", request.method, _path(request), response.status, taken_ms)
    return response


@web.middleware
async def told_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every error with a reason, without internals."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _http_error(error)
    except TocsinError as error:
        return _error(_status(error), str(error))
    except Exception:
        log.exception("method=%s path=%s", request.method, _path(request))
        return _error(500, "a fault in Tocsin: its log says more")


def only_on_duty(schema: Schema, sessions: Sessions) -> Middleware:
    """A process too old for the database, or without sessions, lets only POSTs from Slack, links and the report form
    through: those are stored, or their authors are told that they were not."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and not request.path.startswith(STILL_TAKEN):
            schema.must_be_known()
            sessions.must_be_own()
        return await handler(request)

    return middleware


def _http_error(error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400 or error.content_type == "application/json":
        return error
    # Only standard phrases are adapted to our style; a reason of our own may contain names.
    usual = error.reason == HTTPStatus(error.status).phrase
    response = _error(error.status, error.reason.lower() if usual else error.reason)
    for name in ("Allow", "WWW-Authenticate", "Retry-After"):
        if name in error.headers:
            response.headers[name] = error.headers[name]
    return response


def _status(error: TocsinError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, NotPermitted):
        return 403
    if isinstance(error, TooLarge):
        return 413
    if isinstance(error, TooSlow):
        return 408
    return 400 if isinstance(error, Refused) else 503


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def _shown(report: ReadinessReport) -> dict[str, object]:
    database = {"ok": "database" not in report.not_ready, "embedded": report.embedded, "server": report.server}
    return {
        "status": "ready" if report.ready else "not ready",
        "not_ready": dict(report.not_ready),
        "database": database,
        "slack": {"ok": "slack" not in report.not_ready},
        "channels_missing": {f"#{name}": why for name, why in report.channels_missing.items()},
        "channels_closed": dict(report.channels_closed),
        "overdue_seconds": {what: round(behind.total_seconds(), 3) for what, behind in report.overdue.items()},
        "escalations_armed": report.armed,
        "process": report.process,
        "in_hand": report.in_hand,
        "clock": _clock(report),
        "requests_set_aside": report.set_aside,
        "limited": {
            way: {"until": one.until.isoformat(timespec="seconds"), "said": one.said}
            for way, one in report.limited.items()
        },
    }


def _clock(report: ReadinessReport) -> dict[str, object]:
    step = report.clock_set
    was_set = (
        {"by_seconds": round(step.by.total_seconds(), 1), "at": step.at.isoformat(timespec="seconds")} if step else None
    )
    return {"machine_ahead_seconds": round(report.machine_is_ahead.total_seconds(), 1), "database_was_set": was_set}


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in USUAL_HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


def _path(request: web.Request) -> str:
    """The path as requested; for one with a token in it, only the route."""
    route = request.match_info.route.resource
    hides_a_token = route is not None and "token" in request.match_info
    return route.canonical if route and hides_a_token else request.rel_url.raw_path


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken by another program. Stop it, or set PORT to a free one."
    return f"Nothing can listen on {host} port {port}: {error.strerror}. Set HOST and PORT to what this machine allows."
