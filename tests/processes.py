"""Several real processes of the bot on one database, before a simulated Slack in real time; any may be killed."""

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psycopg import AsyncConnection

from bot.app import App
from bot.clock import Clock
from bot.domain.paging.page import Page
from bot.runbook import Runbook
from bot.sandbox.answers import AppAnswer
from bot.sandbox.records import Sent
from bot.sandbox.server import Server
from bot.sandbox.workspace import Workspace
from bot.services import Services
from bot.settings import Settings
from bot.store import requests
from bot.store.incidents import incidents
from bot.store.outbox import outbox
from bot.store.paging import escalations, pages
from tests import at_hand
from tests.at_hand import ROOT, Program
from tests.commandline import COMMAND
from tests.world import ACKNOWLEDGED_WITHIN_S, RUNBOOK, example_runbook, manifest, settings_for, words_of

# A busy machine starts five processes at once, and what a dead one had in hand is taken over after fifteen seconds.
TIMEOUT_S = 120.0
LOOK_EVERY_S = 0.02
# Ends a key: the instant of what is sent, and before it, of a card, the number of what sends it.
OF_DELIVERY = re.compile(r"(\.\d+)?\.\d{9,}$")


@dataclass(frozen=True)
class Replica:
    """One `tocsin run`, in a process group of its own."""

    process: Program | asyncio.subprocess.Process
    log: Path

    async def dies(self) -> None:
        """`kill -9`: it does not get to do anything any more."""
        self._signal(signal.SIGKILL)
        await self.process.wait()

    def freezes(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaws(self) -> None:
        self._signal(signal.SIGCONT)

    async def stops(self) -> int:
        """Told to stop; its exit code."""
        self._signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), TIMEOUT_S)

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    @property
    def is_connected(self) -> bool:
        """Whether Slack can reach it. Fails when it has ended instead."""
        assert self.is_running, f"it ended with {self.process.returncode}: {self.said()}"
        return "slack=connected" in self.said()

    def said(self) -> str:
        return self.log.read_text()

    def _signal(self, told: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, told)
        except ProcessLookupError:
            # It has only just been started, and has no group of its own yet; or it has just ended by itself.
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, told)


class Fleet:
    """The processes, the workspace they serve, and `house`: services of ours on their database, to put in and to look.

    Nothing moves the clock here: a story waits for what it wants to see.
    """

    house: Services

    def __init__(
        self, workspace: Workspace, settings: Settings, runbook: Runbook, folder: Path, environ: dict[str, str]
    ) -> None:
        self.workspace = workspace
        self.replicas: list[Replica] = []
        self._settings = settings
        self._runbook = runbook
        self.folder = folder
        self._environ = environ

    async def start(self, number: int = 1) -> list[Replica]:
        """So many more processes, each connected to Slack."""
        started = [await self.launch() for _ in range(number)]
        await self.until_connected()
        return started

    async def until_connected(self) -> None:
        await self.until(lambda: all(one.is_connected for one in self.replicas if one.is_running))

    async def launch(self, code: Path = ROOT) -> Replica:
        """One more process, that has yet to come up; `code` is where its version of Tocsin stands."""
        log = self.folder / f"log-{len(self.replicas) + 1}"
        environ = self._environ | {"PYTHONPATH": str(code)}
        process: Program | asyncio.subprocess.Process
        with log.open("wb") as out:
            if code == ROOT:
                process = await at_hand.start(["run"], at=self.folder, environ=environ, into=out, alone=True)
            else:
                process = await asyncio.create_subprocess_exec(
                    *COMMAND, "run", cwd=self.folder, env=environ, stdout=out, stderr=out, start_new_session=True
                )
        self.replicas.append(Replica(process, log))
        return self.replicas[-1]

    async def declared(self, words: str = "P1 Payments failing") -> AppAnswer:
        """Eve declares; and again, as she would, when the machine was too busy to record it within a second."""
        while True:
            answer = await self.workspace.person("eve").types(f"/incident declare {words}")
            if not any("Nothing was recorded" in words_of(message) for message in answer.messages):
                return answer

    def app(self, clock: Clock, *, runbook: str | None = None) -> App:
        """One more process of the bot, but in this one, with a clock of its own, and if need be another runbook."""
        return App(self._settings, example_runbook(runbook) if runbook else self._runbook, clock)

    async def kill_all(self) -> None:
        for replica in self.replicas:
            if replica.is_running:
                await replica.dies()

    async def until(self, look: Callable[[], object], *, within: float = TIMEOUT_S) -> None:
        """Wait for what can be seen from here, in Slack or of a process."""
        await self.workspace.until(look, within=within)

    async def until_calm(self) -> None:
        """Until nothing is left to be done at this moment, whoever had begun it."""
        deadline = time.monotonic() + TIMEOUT_S
        while left := await self._left_over():
            assert time.monotonic() < deadline, f"left over: {left}"
            await asyncio.sleep(LOOK_EVERY_S)

    async def pages(self) -> list[Page]:
        """Every page there is, oldest first."""
        async with self.house.db.transaction() as conn:
            every = [await pages.of_incident(conn, one.id) for one in reversed(await incidents.newest(conn))]
        return [page for own in every for page in own]

    def posted(self, prefix: str = "") -> list[Sent]:
        """The messages posted whose key begins so: `page:`, `incident:`, `announcement:`, `post `."""
        posts = [one for one in self.workspace.sent if one.method == "chat.postMessage"]
        return [one for one in posts if key_of(one).startswith(prefix)]

    async def all_is_there_once(self, *, interrupted: bool = False) -> None:
        """The end of a story: what is written down was sent, once, and nothing else was.

        `interrupted`: somebody's deed met a process that was dying, of which Slack complains.
        """
        await self.every_page_is_one_message(interrupted=interrupted)
        await self._every_incident_has_one_room()

    async def every_page_is_one_message(self, *, interrupted: bool = False) -> None:
        """Each page that counts as accepted is one message, each message of a page one page; no post came twice."""
        await self.until_calm()
        known = await self.pages()
        open_ones = [page for page in known if page.state not in ("accepted", "cancelled")]
        assert open_ones == [], open_ones[:3]
        accepted = [f"page:{page.id} is {page.reference}" for page in known if page.state == "accepted"]
        assert sorted(f"{key_of(one)} is {one.channel}/{one.ts}" for one in self.posted("page:")) == sorted(accepted)
        twice = [what for what, count in Counter(map(_what, self.posted())).items() if count > 1]
        assert twice == [], twice
        complaints = [str(one) for one in self.workspace.complaints]
        unexpected = [one for one in complaints if not (interrupted and "acknowledge" in one)]
        assert unexpected == [], unexpected

    async def _every_incident_has_one_room(self) -> None:
        """Every room that was made is an incident's, with one card in it; every incident is announced once."""
        known = await self.house.incidents.newest(open_only=False)
        made = [str(one.channel) for one in self.workspace.sent if one.method == "conversations.create"]
        others = {self.workspace.channel(name).id for name in ("#incidents", "#infrastructure-alerts")}
        assert sorted(room for room in made if room not in others) == sorted(str(one.room_id) for one in known)
        for prefix in ("incident", "announcement"):
            assert sorted(map(key_of, self.posted(f"{prefix}:"))) == sorted(f"{prefix}:{one.id}" for one in known)

    async def _left_over(self) -> list[str]:
        """What has yet to be done: deliveries, requests, and a ladder that is due. What Slack may have done twice is
        looked at a minute later."""
        async with self.house.db.transaction() as conn:
            waiting = await outbox.unfinished(conn)
            deliveries = [str(row) for row in waiting if row["kind"] != "second_look"]
            request_due = await requests.next_due(conn)
            ladder_due = await escalations.due_rows().soonest(conn)
        overdue = ladder_due is not None and ladder_due <= self.house.clock.now()
        return deliveries + ["a request"] * bool(request_due) + ["a ladder"] * overdue


def key_of(sent: Sent) -> str:
    """Our own name of a message, from its metadata, without its instant or a card's delivery; empty: it has none."""
    return OF_DELIVERY.sub("", str(((sent.metadata or {}).get("event_payload") or {}).get("key", "")))


def arrived_at(sent: Sent) -> datetime:
    """When Slack took a message."""
    return datetime.fromtimestamp(float(sent.ts or 0), UTC)


def _what(sent: Sent) -> tuple[str | None, str]:
    return sent.channel, key_of(sent) or str(sent.text)


async def until(look: Callable[[], Awaitable[object]], *, within: float = TIMEOUT_S) -> None:
    """Wait for what has to be asked for."""
    deadline = time.monotonic() + within
    while not await look():
        assert time.monotonic() < deadline, f"not seen within {within} s"
        await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def holding(database: str, statement: str) -> AsyncIterator[None]:
    """Whoever needs what this statement locks waits until the block ends."""
    async with await AsyncConnection.connect(database) as conn, conn.transaction():
        await conn.execute(statement.encode())
        yield


@asynccontextmanager
async def fleet(
    database: str, folder: Path, *, runbook: str = RUNBOOK, launched: int = 0, **environ: str
) -> AsyncIterator[Fleet]:
    """A workspace in real time. `launched`: so many processes are started at once, before anything else is done.

    Processes that still run at the end are killed.
    """
    async with staged(database, folder, runbook=runbook, **environ) as replicas:
        replicas.workspace.timing.ack_seconds = ACKNOWLEDGED_WITHIN_S
        for _ in range(launched):
            await replicas.launch()
        async with replicas.app(Clock()).at_hand() as replicas.house:
            yield replicas


@asynccontextmanager
async def staged(database: str, folder: Path, *, runbook: str = RUNBOOK, **environ: str) -> AsyncIterator[Fleet]:
    """A fleet without a house: nothing of this process is in its database."""
    (folder / "runbook.yml").write_text(runbook)
    workspace = Workspace(Clock(), manifest())
    server = Server(workspace)
    await server.start()
    settings = settings_for(workspace, server, database, folder / "home", **environ)
    base = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": server.api_url,
        "DATABASE_URL": database,
        "TOCSIN_HOME": str(folder / "home"),
        "PORT": "0",
    }
    replicas = Fleet(workspace, settings, example_runbook(runbook), folder, base | environ)
    try:
        yield replicas
    finally:
        await replicas.kill_all()
        await server.stop()
