"""Composes the bot and opens its doors; they are closed in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from bot.clock import Clock
from bot.doors import acknowledging, calendars, intake, reporting, status, switchboard
from bot.doors.overload import Overload
from bot.doors.rounds import Counted, Due, Round
from bot.doors.scheduler import SWEEP_EVERY_S, Scheduler
from bot.doors.senders import Senders
from bot.doors.web import serving, web_app
from bot.metrics import Metrics
from bot.runbook import Runbook
from bot.services import Services
from bot.services.alerts.echoes import Echoes
from bot.services.upkeep.conditions import Conditions
from bot.services.upkeep.readiness import Readiness
from bot.services.upkeep.schema import Schema
from bot.settings import Settings
from bot.shutdown import Shutdown, Worker
from bot.slack_connection import SlackLine
from bot.store.database import Database
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.migrations import migrate
from bot.wire.http_client import http_client
from bot.wire.pages import page_at
from commands.desk.desk import Desk, OnUndone

log = logging.getLogger(__name__)

# Adds routes to the web door, such as the sandbox's page.
Routes = Callable[[web.Application], None]


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The database's URL; the embedded server, if used, runs during the block."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    async with EmbeddedPostgres(settings.home).running() as url:
        yield url


@dataclass
class Doors:
    """The doors that are open while the bot runs."""

    scheduler: Scheduler
    slack: SlackLine


class App:
    """One process of the bot. `at_hand` provides just the services, `running` opens the doors too."""

    services: Services
    doors: Doors

    def __init__(
        self,
        settings: Settings,
        runbook: Runbook,
        clock: Clock,
        *,
        routes: Sequence[Routes] = (),
        embedded: bool = False,
        connect: Callable[..., Database] = Database,
        sweep_every_s: float = SWEEP_EVERY_S,
        on_undone: OnUndone | None = None,
    ) -> None:
        """`embedded`: the caller has started the database at DATABASE_URL itself.

        `connect(url, embedded=…)`: creates the database, for other limits than a single bot's; see `Database`.
        `sweep_every_s`: how often to look for due rows although no bell rang. `on_undone(account, why)` is called for
        every command, button and form that was not carried out.
        """
        self.settings = settings
        self.runbook = runbook
        self.clock = clock
        self.metrics = Metrics()
        self._routes = routes
        self._is_embedded = embedded or settings.database_url is None
        self._connect = connect
        self._sweep_every_s = sweep_every_s
        self._on_undone = on_undone or (lambda who, why: None)
        self._stopped = asyncio.Event()
        self._shutdown = Shutdown(clock)
        self.port = settings.port

    @asynccontextmanager
    async def at_hand(self) -> AsyncIterator[Services]:
        """The services on a migrated database, without doors. Raises Failed when the database is away."""
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(database_url(self.settings))
            applied = await migrate(url)
            log.info("database=%s migrated=%s", "embedded" if self._is_embedded else "external", len(applied))
            db = self._connect(url, embedded=self._is_embedded)
            await db.open()
            stack.push_async_callback(db.close)
            session = await stack.enter_async_context(http_client())
            house = Services(self.settings, self.runbook, self.clock, db, session, self.metrics)
            self.services = house.wired()
            if house.mail is not None:
                stack.push_async_callback(self._shutdown.within_it, house.mail.close)
            await self._must_know(self.services.schema)
            await self.services.timekeeping.begin()
            await self.services.people.begin()
            await self.services.channels.recall()
            yield self.services

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Services]:
        """Everything. Raises Rejected when Slack refuses the tokens at a first start, Failed without a database."""
        async with self.at_hand() as services, AsyncExitStack() as stack:
            desk = Desk(services, self._on_undone)
            services.reception.worked_on_by(desk)
            line = SlackLine(self.settings, services, judge=desk.judge, events=desk.events)
            scheduler = Scheduler(
                services.db,
                self.clock,
                self.rounds,
                watchdog=services.watchdog,
                conditions=Conditions(services.duty, [services.schema, services.sessions]),
                timekeeping=services.timekeeping,
                people=services.people,
                on_cancelled=services.departures.cancelled.note,
                sweep_every_s=self._sweep_every_s,
            )
            self.doors = Doors(scheduler, line)
            stack.push_async_callback(self._shutdown.end, services, line, scheduler, self._workers)
            await services.heartbeats.watch()
            await services.handovers.watch()
            await services.action_lists.watch()
            await services.page_writing.watch(self.settings.public_url)
            await services.timekeeping.look()
            self.doors.scheduler.start()
            services.duty.begin()
            await self._open_web(stack, services)
            await line.open()
            stack.push_async_callback(self._shutdown.begin, services)
            yield services

    async def _must_know(self, schema: Schema) -> None:
        """Raises Failed: an older version must not start on a newer version's database."""
        await schema.look()
        schema.must_be_known()

    async def until_looked_up(self) -> None:
        """Wait until Slack's channels and accounts are known, or known to be missing."""
        await self.doors.slack.until_looked_up()

    async def until_stopped(self) -> None:
        await self._stopped.wait()

    def stop(self) -> None:
        self._stopped.set()

    @property
    def is_idle(self) -> bool:
        """Is nothing in progress in this process? For rehearsals that move the clock."""
        return not any(one.under_way for one in self._workers) and self.doors.scheduler.is_quiet

    @property
    def _workers(self) -> list[Worker]:
        """Services that go on working after their round; the one that sends what the others cause is last."""
        services = self.services
        recoveries: list[Worker] = [services.backup_drills, services.backup_restore_rounds]
        return [
            services.reception,
            services.checks,
            services.procedure_proving,
            *recoveries,
            services.backup_adoption,
            services.backups,
            services.carrier,
        ]

    @property
    def rounds(self) -> dict[str, Round]:
        """Every service with due rows."""
        services = self.services
        counted: dict[str, Due] = {
            "requests": services.reception,
            "alerts": services.alerts,
            "silences": services.silences,
            "heartbeats": services.heartbeats,
            "handovers": services.handovers,
            "cover requests": services.cover_requests,
            "night pages": services.night_pages,
            "checks": services.checks,
            "backups": services.backups,
            "earlier backups": services.backup_adoption,
            "backup_alerts": services.backup_alerts,
            "backup_reports": services.backup_reports,
            "backup drills": services.backup_drills,
            "backup restores": services.backup_restore_rounds,
            "status pages": services.page_writing,
            "housekeeping": services.housekeeping,
            "app home": services.homes,
            "lifesign": services.lifesign,
            "outages": services.outages,
        }
        counted |= self._rounds_of_incidents
        rounds = {name: Counted(service, self.clock) for name, service in counted.items()}
        return {"escalations": services.ladders, "outbox": services.carrier, **rounds}

    @property
    def _rounds_of_incidents(self) -> dict[str, Due]:
        """Rounds of incidents, their aftermath, and planned work."""
        services = self.services
        return {
            "deadlines": services.deadlines,
            "inactivity": services.inactivity,
            "nudges": services.nudges,
            "breaches": services.breaches,
            "watches": services.watches,
            "room archives": services.archiving,
            "game days": services.game_days,
            "tasks": services.incident_tasks,
            "checklists": services.checklists,
            "recurring tasks": services.recurring_tasks,
            "proved tasks": services.proving,
            "contacts": services.contact_rounds,
            "procedures": services.procedure_proving,
            "post-mortems": services.postmortem_reminders,
            "actions": services.actions,
            "action lists": services.action_lists,
            "reminders": services.reminders,
            "maintenance": services.window_rounds,
        }

    async def _open_web(self, stack: AsyncExitStack, services: Services) -> None:
        is_http = self.settings.transport == "http"
        socket = None if is_http else self.doors.slack.trouble
        readiness = Readiness(
            services.db,
            services.timekeeping,
            services.gateway,
            services.channels,
            services.watchdog,
            services.schema,
            socket_trouble=socket,
        )
        routes = intake.routes(
            services.alerts, services.heartbeats, services.alert_refusals, self._senders(services),
            services.alert_sources, partial(page_at, services.session),
        )  # fmt: skip
        routes += acknowledging.routes(services)
        routes += calendars.routes(services)
        routes += reporting.routes(services, self.metrics)
        routes += status.routes(services)
        routes += switchboard.routes(services.page_reports, services.text_replies, services.call_replies, self.settings)
        if is_http:
            routes.append(web.post("/slack/events", self.doors.slack.over_http))
        application = web_app(services, readiness, self.metrics, routes)
        for add in self._routes:
            add(application)
        self.port = await stack.enter_async_context(
            serving(application, host=self.settings.host, port=self.settings.port, overload=self._overload())
        )
        log.info("http=%s:%s", self.settings.host, self.port)

    def _overload(self) -> Overload:
        return Overload(partial(self.metrics.alerts_refused, "unread", 503))

    def _senders(self, services: Services) -> Senders:
        echoes = Echoes(self.runbook, services.keyring, services.provider_alerts.is_ours)
        return Senders(self.settings, self.clock.now, echoes)
