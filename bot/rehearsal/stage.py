"""The bot on a stage: with a database of its own, a simulated world around it, and a clock that stands still."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bot import manifest
from bot.app import App
from bot.clock import Clock
from bot.doors.incident_whole import whole
from bot.rehearsal.addresses import Addresses
from bot.rehearsal.processes import Processes
from bot.rehearsal.watching import Watch
from bot.runbook import Runbook
from bot.sandbox.outside import Outside, outside
from bot.sandbox.stand_ins import Places, bring_in, stand_in
from bot.sandbox.travel import Travel
from bot.scenarios.steps import ScriptedAlert
from bot.settings import Settings
from bot.store.database import Database

TOKEN = "rehearsal"  # noqa: S105 - valid only during the rehearsal
PUBLIC_URL = "https://tocsin.example.com"
# Generous, because results must not depend on how fast the machine is.
PATIENCE_S = 60.0
CONNECT = partial(Database, work_connections=4, at_rest=0, intake_timeout_s=PATIENCE_S)
# Seldom, because `Travel`, which moves the clock, wakes everything that is due.
SWEEP_EVERY_S = 5.0
# More incidents than a script of a week can declare.
EVERY = 100_000


class Stage:
    """`app` is the process that is running now; a new one after each `kill`."""

    def __init__(self, settings: Settings, runbook: Runbook, clock: Clock, around: Outside) -> None:
        self.clock = clock
        self.around = around
        self.runbook = runbook
        self.addresses = Addresses(runbook, around.workspace)
        self.watch = Watch(clock, around, self.addresses)
        self.app: App
        # Commands and buttons that the bot refused: the account, and the answer it got.
        self.undone: list[tuple[str, str]] = []
        self._settings = settings
        self._processes = Processes()
        self._travel = Travel(clock, self, stop_timeout_s=PATIENCE_S)
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Start another process, the only one."""
        self.app = App(
            self._settings, self.runbook, self.clock, embedded=True, connect=CONNECT, sweep_every_s=SWEEP_EVERY_S,
            on_undone=lambda account, why: self.undone.append((account, why)),
        )  # fmt: skip
        await self._running.enter_async_context(self.app.running())
        self._processes.add(self.app)
        await self.app.until_looked_up()
        self.app.doors.scheduler.wake()

    async def kill(self) -> None:
        """Stop the process like `kill -9`: it neither writes nor sends anything more, whatever it was doing."""
        services = self.app.services
        services.db.wait_no_longer()
        await services.session.close()
        self._processes.remove(self.app)
        await self._running.aclose()

    async def stop(self) -> None:
        await self._running.aclose()

    async def settled(self) -> None:
        await self._travel.settled()
        self.watch.look_at_statuspage()

    async def until(self, instant: datetime) -> None:
        """Advance the clock; everything due on the way is done at its own time."""
        await self._travel.through(max(instant - self.clock.now(), timedelta(0)))
        self.watch.look_at_statuspage()

    async def raise_alert(self, alert: ScriptedAlert) -> None:
        """Post the alert, as a monitoring system would."""
        await self._asked("POST", "/alerts/generic", json.dumps(alert.as_body()).encode())

    async def press_link(self, path: str) -> None:
        """Press the one button on the page behind a mail's link."""
        await self._asked("POST", path)

    async def incidents(self) -> list[dict[str, Any]]:
        """All incidents, oldest first, in the export format, including private ones."""
        services = self.app.services
        known = await services.incidents.newest(open_only=False, limit=EVERY)
        return [whole(await services.records.of(one.id)) for one in reversed(known)]

    # What Travel needs of the bot

    async def due(self) -> list[tuple[datetime, str]]:
        return await self._processes.due()

    def wake(self, names: Iterable[str]) -> None:
        self._processes.wake(names)

    @property
    def is_idle(self) -> bool:
        return self._processes.is_idle and self.around.telephones.is_idle

    async def _asked(self, method: str, path: str, body: bytes = b"") -> bytes:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.app.port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, address, data=body, headers=headers, raise_for_status=True) as answer,
        ):
            return await answer.read()


@asynccontextmanager
async def staged(runbook: Runbook, begins: datetime, *, database: str, folder: Path) -> AsyncIterator[Stage]:
    """A stage on which the clock shows `begins` and nothing has happened yet. `database` must be empty."""
    clock = Clock()
    clock.freeze(begins)
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(
            outside(
                clock,
                bot_at=lambda: f"http://127.0.0.1:{stage.app.port}",
                app=manifest.manifest_for(runbook, None),
                channels=_channels(runbook),
                is_lived_in=False,
            )
        )
        around.workspace.timing.ack_seconds = PATIENCE_S
        own = _without_what_watches(runbook)
        own, _ = stand_in(own, Places(around.website.url, database, str(folder)))
        bring_in(around.workspace, own)
        stage = Stage(_settings(around, database, folder), own, clock, around)
        stack.push_async_callback(stage.stop)
        await stage.start()
        await stage.settled()
        stage.watch.facts.clear()
        yield stage


def _without_what_watches(runbook: Runbook) -> Runbook:
    """The runbook without checks, heartbeats, backups and proofs: only what the script makes fail does fail."""
    health = runbook.health.model_copy(update={"checks": {}})
    alerts = runbook.alerts.model_copy(update={"heartbeats": {}})
    tasks = [task.model_copy(update={"proved_by": None}) for task in runbook.maintenance.tasks]
    maintenance = runbook.maintenance.model_copy(update={"tasks": tasks})
    return runbook.model_copy(update={"health": health, "alerts": alerts, "backups": {}, "maintenance": maintenance})


def _channels(runbook: Runbook) -> list[str]:
    """The channels that the runbook names, and those that every workspace has."""
    found = ["#general", "#random", *runbook.channel_names]
    return list(dict.fromkeys(name.removeprefix("#") for name in found))


def _settings(around: Outside, database: str, folder: Path) -> Settings:
    own = {
        **around.environ,
        "DATABASE_URL": database,
        "TOCSIN_HOME": str(folder),
        "PUBLIC_URL": PUBLIC_URL,
        "ALERTS_TOKEN": TOKEN,
        "PORT": "0",
        "LOG_LEVEL": "ERROR",
    }
    return Settings.from_environment(own)
