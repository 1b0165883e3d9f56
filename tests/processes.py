"""Several real processes of the bot on one database, with a simulated Slack in real time; any may be killed."""

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

# Generous: a busy machine starts five processes at once, and a dead one's claims are taken over after fifteen seconds.
TIMEOUT_S = 120.0
LOOK_EVERY_S = 0.02
# Kinds of deliveries that look later for what Slack may do late.
LOOKS = ("second_look", "page_look")
# The end of a key: the time of what is sent, and before it, for a card, the delivery's id.
OF_DELIVERY = re.compile(r"(\.\d+)?\.\d{9,}$")


@dataclass(frozen=True)
class Replica:
    """One `tocsin run`, in its own process group."""

    process: Program | asyncio.subprocess.Process
    log: Path

    async def dies(self) -> None:
        """`kill -9`: the process can't do anything more."""
        self._signal(signal.SIGKILL)
        await self.process.wait()

    def freezes(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaws(self) -> None:
        self._signal(signal.SIGCONT)

    async def stops(self) -> int:
        """Stop it (SIGTERM); returns its exit code."""
        self._signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), TIMEOUT_S)

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    @property
    def is_connected(self) -> bool:
        """Can Slack reach it? Fails if it has ended."""
        assert self.is_running, f"it ended with {self.process.returncode}: {self.said()}"
        return "slack=connected" in self.said()

    def said(self) -> str:
        return self.log.read_text()

    def _signal(self, told: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, told)
        except ProcessLookupError:
            # It has just started and has no process group yet, or it has just ended by itself.
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, told)


class Fleet:
    """The processes, the workspace they serve, and `house`: our own services on their database, to act and to look.

    Nothing moves the clock: a test waits for what it wants to see.
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
        """Start more processes and wait until each is connected to Slack."""
        started = [await self.launch() for _ in range(number)]
        await self.until_connected()
        return started

    async def until_connected(self) -> None:
        await self.until(lambda: all(one.is_connected for one in self.replicas if one.is_running))

    async def launch(self, code: Path = ROOT) -> Replica:
        """Start one more process without waiting; `code`: the folder of its version of Tocsin."""
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
        """Eve declares, and retries, as she would, if the machine was too busy to record it within a second."""
        while True:
            answer = await self.workspace.person("eve").types(f"/incident declare {words}")
            if not any("Nothing was recorded" in words_of(message) for message in answer.messages):
                return answer

    def app(self, clock: Clock, *, runbook: str | None = None) -> App:
        """One more instance of the bot in this process, with a clock of its own and optionally another runbook."""
        return App(self._settings, example_runbook(runbook) if runbook else self._runbook, clock)

    async def kill_all(self) -> None:
        for replica in self.replicas:
            if replica.is_running:
                await replica.dies()

    async def until(self, look: Callable[[], object], *, within: float = TIMEOUT_S) -> None:
        """Wait for something visible from here, in Slack or of a process."""
        await self.workspace.until(look, within=within)

    async def until_calm(self) -> None:
        """Wait until no work is left at this moment, no matter who started it."""
        deadline = time.monotonic() + TIMEOUT_S
        while left := await self._left_over():
            assert time.monotonic() < deadline, f"left over: {left}"
            await asyncio.sleep(LOOK_EVERY_S)

    async def pages(self) -> list[Page]:
        """Every page, oldest first."""
        async with self.house.db.transaction() as conn:
            every = [await pages.of_incident(conn, one.id) for one in reversed(await incidents.newest(conn))]
        return [page for own in every for page in own]

    def posted(self, prefix: str = "") -> list[Sent]:
        """The posted messages whose key has this prefix: `page:`, `incident:`, `announcement:`, `post `."""
        posts = [one for one in self.workspace.sent if one.method == "chat.postMessage"]
        return [one for one in posts if key_of(one).startswith(prefix)]

    async def all_is_there_once(self, *, interrupted: bool = False) -> None:
        """The final check of a test: everything recorded was sent exactly once, and nothing else was.

        `interrupted`: somebody's action met a dying process, so a complaint about it is expected.
        """
        await self.every_page_is_one_message(interrupted=interrupted)
        await self._every_incident_has_one_room()

    async def every_page_is_one_message(self, *, interrupted: bool = False) -> None:
        """Each accepted page is exactly one message, and each page message one page; no post was sent twice."""
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
        """Every room is an incident's, with one card in it; every incident is announced once."""
        known = await self.house.incidents.newest(open_only=False)
        made = [str(one.channel) for one in self.workspace.sent if one.method == "conversations.create"]
        others = {self.workspace.channel(name).id for name in ("#incidents", "#infrastructure-alerts")}
        assert sorted(room for room in made if room not in others) == sorted(str(one.room_id) for one in known)
        for prefix in ("incident", "announcement"):
            assert sorted(map(key_of, self.posted(f"{prefix}:"))) == sorted(f"{prefix}:{one.id}" for one in known)

    async def _left_over(self) -> list[str]:
        """The work that is left: deliveries, requests, a due ladder. Second looks at what Slack may do late don't
        count."""
        async with self.house.db.transaction() as conn:
            waiting = await outbox.unfinished(conn)
            deliveries = [str(row) for row in waiting if row["kind"] not in LOOKS]
            request_due = await requests.next_due(conn)
            ladder_due = await escalations.due_rows().soonest(conn)
        overdue = ladder_due is not None and ladder_due <= self.house.clock.now()
        return deliveries + ["a request"] * bool(request_due) + ["a ladder"] * overdue


def key_of(sent: Sent) -> str:
    """A message's key, from its metadata, without its time and a card's delivery; '' if it has none."""
    return OF_DELIVERY.sub("", str(((sent.metadata or {}).get("event_payload") or {}).get("key", "")))


def arrived_at(sent: Sent) -> datetime:
    """When Slack accepted a message."""
    return datetime.fromtimestamp(float(sent.ts or 0), UTC)


def _what(sent: Sent) -> tuple[str | None, str]:
    return sent.channel, key_of(sent) or str(sent.text)


async def until(look: Callable[[], Awaitable[object]], *, within: float = TIMEOUT_S) -> None:
    """Wait for something that has to be awaited to see it."""
    deadline = time.monotonic() + within
    while not await look():
        assert time.monotonic() < deadline, f"not seen within {within} s"
        await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def holding(database: str, statement: str) -> AsyncIterator[None]:
    """Hold the locks of this statement until the block ends; others wait for them."""
    async with await AsyncConnection.connect(database) as conn, conn.transaction():
        await conn.execute(statement.encode())
        yield


@asynccontextmanager
async def fleet(
    database: str, folder: Path, *, runbook: str = RUNBOOK, launched: int = 0, **environ: str
) -> AsyncIterator[Fleet]:
    """A workspace in real time. `launched`: the number of processes to start first, before anything else.

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
    """A fleet without `house`: nothing in this process is connected to its database."""
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
