"""The sandbox: the unchanged bot on an embedded database, in a simulated workspace with a page in the browser."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.app import App
from bot.clock import Clock
from bot.domain.errors import TocsinError
from bot.runbook import Runbook, load
from bot.sandbox.alert_events import Post, alert_events
from bot.sandbox.happenings import Happening, Link, Stage, Suggestion
from bot.sandbox.outside import Outside, outside
from bot.sandbox.page_api import add_page
from bot.sandbox.page_guard import PageGuard, is_loopback
from bot.sandbox.report_event import report_event
from bot.sandbox.scenario import begin
from bot.sandbox.stand_ins import Places, Replaced, bring_in, stand_in
from bot.sandbox.travel import Due, Travel
from bot.sandbox.website import Website
from bot.sandbox.workspace import Workspace
from bot.services.updates.status_pages import PATH as STATUS
from bot.settings import Settings
from bot.shipped import templates_folder
from bot.store.due_rows import soonest_of_each
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.example import orders_database, own_database

log = logging.getLogger(__name__)

STARTER = "runbooks/starter.yml"
STATE_FOLDER = "sandbox"
PAGE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'"
)
# What each round will do when it is due, for the button "Next event". Rounds not listed do nothing visible.
EVENTS = {
    "escalations": "the next page",
    "outbox": "a message is sent",
    "alerts": "an alert pages somebody",
    "heartbeats": "a job is overdue",
    "handovers": "a shift changes",
    "deadlines": "a response or a fix is due",
    "inactivity": "an incident has gone quiet",
    "checks": "a health check runs",
    "procedures": "a step of a procedure is checked",
    "backups": "a backup starts",
    "backup_alerts": "a backup gets too old",
    "backup_reports": "the weekly backup report",
    "backup drills": "a restore drill starts",
    "backup restores": "a restore request expires",
    "reminders": "an update is due",
    "silences": "a silence ends",
    "cover requests": "a request for cover ends",
    "night pages": "the nights of a shift are counted",
    "nudges": "a channel is asked for something",
    "breaches": "an authority has to be notified",
    "watches": "a watch ends",
    "room archives": "a channel is archived",
    "game days": "an exercise goes on",
    "tasks": "a task is due",
    "checklists": "a checklist is due",
    "recurring tasks": "recurring work is due",
    "post-mortems": "a post-mortem is due",
    "actions": "an action is due",
    "action lists": "the list of open actions",
    "maintenance": "planned work begins or ends",
}
# Their effects are invisible, or they look at intervals for something to do.
UNSEEN = frozenset({
    "requests", "earlier backups", "status pages", "housekeeping", "app home", "lifesign", "outages", "proved tasks",
    "contacts",
})  # fmt: skip


async def run_sandbox(environ: Mapping[str, str], *, port: int, runbook_file: Path | None, stop: asyncio.Event) -> None:
    """Serve the page until `stop`. `runbook_file` None: the shipped starter. Raises Refused for a bad runbook."""

    def bot_at() -> str:
        return f"http://127.0.0.1:{app.port}"

    async def form() -> str:
        return f"{bot_at()}{await app.services.report_link.path()}"

    async with AsyncExitStack() as stack:
        clock, token, home = Clock(), secrets.token_hex(8), _home(environ)
        around = await stack.enter_async_context(outside(clock, bot_at=bot_at))
        database = EmbeddedPostgres(home)
        conninfo = await database.start()
        stack.push_async_callback(database.stop)
        places = Places(around.website.url, await orders_database(conninfo), str(home))
        runbook, replaced = stand_in(_read(runbook_file, environ, places), places)
        bring_in(around.workspace, runbook)
        settings = _settings(environ, around, port, token, home, await own_database(conninfo))
        happenings = _happenings(around.website, _posting(lambda: f"{bot_at()}/alerts", token))
        if runbook.reports:
            happenings.append(report_event(form))
        guard = PageGuard()
        shown = _Page(around.workspace, happenings, replaced, guard, _links(runbook, around), suggestions(runbook))
        app = _app(settings, runbook, clock, shown)
        await stack.enter_async_context(app.running())
        _announce(app, guard, replaced, token)
        beginning = asyncio.create_task(_begin(around.workspace))
        stack.callback(beginning.cancel)
        await stop.wait()


def _announce(app: App, guard: PageGuard, replaced: Sequence[Replaced], token: str) -> None:
    # T201: printing is this command's purpose.
    print(f"Tocsin's sandbox: http://127.0.0.1:{app.port}/", flush=True)  # noqa: T201
    print(f"To send it alerts: ALERTS_TOKEN={token}", flush=True)  # noqa: T201
    host = app.settings.host
    if not is_loopback(host):
        log.warning(
            "host=%s: other machines can connect to port %s; their browsers need http://localhost:%s/?token=%s",
            host, app.port, app.port, guard.token,
        )  # fmt: skip
    for one in replaced:
        log.info("replaced=%s was=%r now=%r", one.what, one.was, one.now)


def _home(environ: Mapping[str, str]) -> Path:
    own = {name: value for name, value in environ.items() if name in ("TOCSIN_HOME", "HOME", "XDG_STATE_HOME")}
    return Settings.from_environment(own).home / STATE_FOLDER


def _read(file: Path | None, environ: Mapping[str, str], places: Places) -> Runbook:
    """The runbook; for the starter, what it watches and backs up is provided here."""
    if file:
        return load(file, environ)
    website = places.website
    here = {"WEBSITE_URL": website, "API_URL": f"{website}/api/health", "ORDERS_URL": places.database}
    return load(templates_folder() / STARTER, {**environ, **here})


def _settings(
    environ: Mapping[str, str], around: Outside, port: int, token: str, home: Path, database: str
) -> Settings:
    """Uses nothing of a real installation: not its Slack, telephones, mail server or database."""
    own = {
        **around.environ,
        "DATABASE_URL": database,
        "TOCSIN_HOME": str(home),
        "ALERTS_TOKEN": token,
        "PORT": str(port),
        # Links in the mails of its inbox lead here; without a fixed port there are none.
        **({"PUBLIC_URL": f"http://127.0.0.1:{port}"} if port else {}),
        "HOST": environ.get("HOST", "127.0.0.1"),
        "LOG_LEVEL": environ.get("LOG_LEVEL", "WARNING"),
        "LOG_FORMAT": environ.get("LOG_FORMAT", "text"),
    }
    return Settings.from_environment(own)


@dataclass(frozen=True)
class _Page:
    """What the page shows beyond what the bot itself knows."""

    workspace: Workspace
    happenings: Sequence[Happening]
    replaced: Sequence[Replaced]
    guard: PageGuard
    links: Sequence[Link]
    suggestions: Sequence[Suggestion]


def _links(runbook: Runbook, around: Outside) -> list[Link]:
    """What this runbook's audiences would look at."""
    audiences = runbook.audiences.values()
    own = [Link("Status page", STATUS, "What everybody reads of what was sent to them")]
    theirs = [Link("Statuspage", around.statuspage.url, "A simulated statuspage.io, as its readers see it")]
    return [*own * any(one.page for one in audiences), *theirs * any(one.statuspage for one in audiences)]


def suggestions(runbook: Runbook) -> list[Suggestion]:
    """Things to try with this runbook, with this workspace's command names."""
    named = runbook.slash_commands
    gravest, audience = runbook.severities[0].id, next(iter(runbook.audiences), None)
    found = [
        Suggestion(f"{named.incident} declare {gravest} Payments failing", "Opens a channel, pages who is on call"),
        Suggestion(f"{named.escalate} status", "Who was paged, how, and who is next"),
    ]
    if audience:
        found.append(Suggestion(f"{named.incident} tell {audience}", "Preview an update, then send it"))
    if runbook.health.checks:
        found.append(Suggestion(named.health, "Every check, worst first"))
    if runbook.backups:
        found.append(Suggestion(named.backup, "Each database's last good backup"))
    return found


def _app(settings: Settings, runbook: Runbook, clock: Clock, shown: _Page) -> App:
    def page(application: web.Application) -> None:
        travel = Travel(clock, _Bot(app))
        stage = Stage(travel.forward, travel.next_due, shown.happenings, shown.replaced, shown.links, shown.suggestions)
        add_page(application, shown.workspace, stage, shown.guard)
        application.on_response_prepare.append(_allow_the_page)

    app = App(settings, runbook, clock, routes=[page], embedded=True)
    return app


class _Bot:
    """What time travel needs to know about the bot."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def due(self) -> list[Due]:
        rounds = {name: self._app.rounds[name] for name in EVENTS}
        rows = {name: rows for name, one in rounds.items() if (rows := one.due_rows)}
        async with self._app.services.db.statement() as conn:
            known = await soonest_of_each(conn, rows)
        known |= {name: await one.next_due() for name, one in rounds.items() if name not in rows}
        return [(due, EVENTS[name]) for name, due in known.items() if due]

    def wake(self, names: Iterable[str]) -> None:
        # The names here are phrases for people, so wake all.
        self._app.doors.scheduler.wake()

    @property
    def is_idle(self) -> bool:
        return self._app.is_idle


async def _allow_the_page(request: web.Request, response: web.StreamResponse) -> None:
    """Replaces the web door's strict policy for this page, which has its own scripts and styles and shows images."""
    if request.path == "/" or request.path.startswith("/sandbox/"):
        response.headers["Content-Security-Policy"] = PAGE_POLICY


def _posting(intake: Callable[[], str], token: str) -> Post:
    """Posts alerts as a monitoring system does."""

    async def post(source: str, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with aiohttp.ClientSession() as session, session.post(f"{intake()}/{source}", data=body, headers=headers):
            pass

    return post


def _happenings(website: Website, post: Post) -> list[Happening]:
    async def alert(status: str) -> None:
        payload = {
            "title": "Error rate above 5 % on the checkout",
            "status": status,
            "fingerprint": "sandbox-checkout",
            "severity": "critical",
            "description": "12 % of requests answered 500 in the last five minutes.",
            "labels": {"alertname": "HighErrorRate", "service": "checkout"},
        }
        await post("generic", json.dumps(payload).encode())

    async def fire() -> None:
        await alert("firing")

    async def calm() -> None:
        await alert("resolved")

    async def toggle() -> None:
        website.is_broken = not website.is_broken

    return [
        Happening("fire-alert", "Fire an alert", "A monitoring system reports a high error rate", fire),
        Happening("calm-alert", "Resolve the alert", "The monitoring system says it is over", calm),
        Happening(
            "break-website", "Break the website", "Its health check begins to fail", toggle, lambda: website.is_broken
        ),
        *alert_events(post),
    ]


async def _begin(workspace: Workspace) -> None:
    """Declare the incident that a newcomer finds; the page works without it."""
    try:
        await begin(workspace)
    except (TocsinError, TimeoutError) as error:
        log.warning("the example incident was not declared: %s", error)
