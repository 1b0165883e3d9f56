"""Connects everything, opens the doors, and closes them in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from bot import intake
from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Unreachable
from bot.house import build
from bot.metrics import Metrics
from bot.outgoing import http_client
from bot.runbook import Runbook
from bot.scheduler import Round, Scheduler
from bot.services import Services
from bot.services.readiness import Readiness
from bot.settings import Settings
from bot.slack.gateway import AppRefused
from bot.slack_app import SlackApp, SocketDoor, mend_bolt
from bot.store.database import Database
from bot.store.embedded import EmbeddedPostgres
from bot.store.migrations import migrate
from bot.web import serving, web_app
from commands.desk import Desk

log = logging.getLogger(__name__)

CONNECT_AGAIN_AFTER_S = 5.0
LOOK_UP_AGAIN_WITHIN_S = 300.0
FINISH_WITHIN_S = 10.0

# More routes for the web door, such as the sandbox's page.
Routes = Callable[[web.Application], None]


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """Where the database is; the embedded one runs while the block does."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    server = EmbeddedPostgres(settings.home)
    try:
        yield await server.start()
    finally:
        await server.stop()


class Worker(Protocol):
    """Works on what it has taken beside the round that took it."""

    @property
    def under_way(self) -> int: ...

    async def finish(self, patience_s: float) -> None: ...


@dataclass
class Doors:
    """What is open while the bot runs."""

    scheduler: Scheduler
    slack: SlackApp
    socket: SocketDoor | None = None
    background: set[asyncio.Task[None]] = field(default_factory=set)


class App:
    """One process of the bot. `at_hand` gives the services alone, `running` opens the doors too."""

    def __init__(self, settings: Settings, runbook: Runbook, clock: Clock, *, routes: Sequence[Routes] = ()) -> None:
        self.settings = settings
        self.runbook = runbook
        self.clock = clock
        self.metrics = Metrics()
        self._routes = routes
        self._stopped = asyncio.Event()
        self.services: Services
        self.doors: Doors
        self.port = settings.port

    @asynccontextmanager
    async def at_hand(self) -> AsyncIterator[Services]:
        """The services, on a database brought up to date; no door is open. Raises Failed when the database is away."""
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(database_url(self.settings))
            applied = await migrate(url)
            log.info("database=%s migrated=%s", "embedded" if self._is_embedded else "external", len(applied))
            db = Database(url, embedded=self._is_embedded)
            await db.open()
            stack.push_async_callback(db.close)
            session = await stack.enter_async_context(http_client())
            self.clock.correct((await db.server_time())["now"])
            self.services = build(self.settings, self.runbook, self.clock, db, session, self.metrics)
            await self.services.people.recall()
            await self.services.channels.recall()
            yield self.services

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Services]:
        """Everything. Raises Rejected when Slack refuses the tokens, Failed when the database is away."""
        async with self.at_hand() as services, AsyncExitStack() as stack:
            desk = Desk(services)
            services.reception.worked_on_by(desk.work)
            self.doors = Doors(Scheduler(services.db, self.clock, self.rounds), self._slack_app(services, desk))
            services.outbox.on_done = lambda: self.doors.scheduler.wake("outbox")
            stack.push_async_callback(self._close)
            await services.heartbeats.watch()
            self.doors.scheduler.start()
            await self._open_web(stack, services)
            await self._open_slack(services)
            yield services

    async def until_looked_up(self) -> None:
        """Until Slack's channels and accounts are known, or known to be missing."""
        await asyncio.gather(*self.doors.background)

    async def until_stopped(self) -> None:
        await self._stopped.wait()

    def stop(self) -> None:
        self._stopped.set()

    @property
    def is_idle(self) -> bool:
        """Nothing is under way in this process at this instant; for rehearsals that move the clock."""
        return not any(one.under_way for one in self._workers) and self.doors.scheduler.is_quiet

    @property
    def _workers(self) -> list[Worker]:
        """Services that leave work behind when they have taken a row; what they cause goes out last."""
        services = self.services
        return [services.reception, services.checks, services.backups, services.outbox]

    @property
    def _is_embedded(self) -> bool:
        return self.settings.database_url is None

    @property
    def rounds(self) -> dict[str, Round]:
        """Every service with due rows."""
        services = self.services
        return {
            "escalations": services.ladders,
            "outbox": services.outbox,
            "requests": services.reception,
            "alerts": services.alerts,
            "heartbeats": services.heartbeats,
            "checks": services.checks,
            "backups": services.backups,
            "promises": services.promises,
            "housekeeping": services.housekeeping,
        }

    def _slack_app(self, services: Services, desk: Desk) -> SlackApp:
        mend_bolt()
        secret = self.settings.slack_signing_secret if self.settings.transport == "http" else None
        return SlackApp(
            services.gateway.client,
            services.reception,
            signing_secret=secret.get_secret_value() if secret else None,
            judge=desk.judge,
            nothing_recorded=lambda: _nothing_recorded(services),
            measure=self.metrics.acknowledged,
        )

    async def _open_web(self, stack: AsyncExitStack, services: Services) -> None:
        is_http = self.settings.transport == "http"
        socket = None if is_http else self._socket_is_open
        readiness = Readiness(services.db, self.clock, services.gateway, services.channels, socket_is_open=socket)
        routes = intake.routes(services.alerts, services.heartbeats, self.settings, self.clock)
        if is_http:
            routes.append(web.post("/slack/events", self.doors.slack.over_http))
        application = web_app(services, readiness, self.metrics, routes)
        for add in self._routes:
            add(application)
        self.port = await stack.enter_async_context(
            serving(application, host=self.settings.host, port=self.settings.port)
        )
        log.info("http=%s:%s", self.settings.host, self.port)

    async def _open_slack(self, services: Services) -> None:
        """Slack away is no reason to stop: pages also go by other ways, and it is tried again. A refusal is one."""
        await self._must_be_welcome(services)
        self._in_background(self._look_up(services))
        if self.settings.transport != "socket":
            return
        try:
            await self._connect()
        except Unreachable as error:
            log.warning("slack: %s", error)
            self._in_background(self._connect_later())

    async def _must_be_welcome(self, services: Services) -> None:
        try:
            await services.gateway.whoami()
        except AppRefused as error:
            raise Rejected(f"{error}. Look at SLACK_BOT_TOKEN.") from error
        except Failed as error:
            log.warning("slack: %s", error)

    async def _connect(self) -> None:
        assert self.settings.slack_app_token is not None
        self.doors.socket = await self.doors.slack.over_socket(self.settings.slack_app_token.get_secret_value())
        log.info("slack=connected transport=socket")

    async def _connect_later(self) -> None:
        while self.doors.socket is None:
            await asyncio.sleep(CONNECT_AGAIN_AFTER_S)
            try:
                await self._connect()
            except Failed as error:
                log.warning("slack: %s", error)

    async def _look_up(self, services: Services) -> None:
        """Channels and accounts, so that the first page need not ask; again until Slack has answered."""
        wait_s = CONNECT_AGAIN_AFTER_S
        while True:
            try:
                await services.channels.look_up()
                await services.people.look_up_everybody()
            except Rejected as error:
                log.warning("slack: %s", error)
                return
            except Failed as error:
                log.warning("slack: %s", error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LOOK_UP_AGAIN_WITHIN_S)
                continue
            await self._wake_what_waited(services)
            return

    async def _wake_what_waited(self, services: Services) -> None:
        """Cards and posts for channels that were not known yet."""
        async with services.db.transaction() as conn:
            await services.outbox.wake(conn, ["card", "post"], {})

    async def _socket_is_open(self) -> bool:
        return self.doors.socket is not None and await self.doors.socket.is_open()

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self.doors.background.add(task)
        task.add_done_callback(self.doors.background.discard)

    async def _close(self) -> None:
        """First nothing new comes in, then what is under way ends."""
        for task in set(self.doors.background):
            task.cancel()
        if self.doors.socket is not None:
            await self.doors.socket.close()
        await self.doors.scheduler.stop()
        *others, outbox = self._workers
        await asyncio.gather(*(worker.finish(FINISH_WITHIN_S) for worker in others))
        await self._send_what_is_due()
        await outbox.finish(FINISH_WITHIN_S)

    async def _send_what_is_due(self) -> None:
        """The page of a command that was taken a moment ago need not wait for the next start."""
        try:
            await self.services.outbox.take_due()
        except Failed as error:
            log.warning("outbox: %s", error)


def _nothing_recorded(services: Services) -> str:
    """From memory alone: the database is what is missing."""
    first = services.runbook.default_severity.escalation.steps[0].page
    people = services.people.in_tier(services.runbook.tiers[first], services.clock.now())
    contacts = [services.runbook.people[key] for key in people]
    return services.rendering.say("slack/nothing_recorded", people=contacts)
