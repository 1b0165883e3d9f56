"""A whole team with its bot: real PostgreSQL, a simulated Slack over real HTTP, and a clock that the test controls."""

import copy
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.app import App
from bot.clock import Clock
from bot.rehearsal.processes import Processes
from bot.runbook import Runbook, read
from bot.sandbox.model import Message
from bot.sandbox.people import Person
from bot.sandbox.records import Sent
from bot.sandbox.server import Server
from bot.sandbox.travel import Travel
from bot.sandbox.workspace import Workspace
from bot.settings import Settings
from tests.kept import KeptDatabase

HERE = Path(__file__).parent
# A Thursday afternoon, far from any clock change.
BEGINNING = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
SETTLED_WITHIN_S = 60.0
# Few connections, because each has a server process that reads the catalogue and plans every statement again. A long
# time-out, because results must not depend on how busy the machine is.
CONNECT = partial(KeptDatabase, work_connections=4, at_rest=0, intake_timeout_s=30.0)
# A sweep per second would query every table in all workers. It can be rare, since whoever moves the clock wakes
# everything, and `settled` asks whether anything is due.
BOT = partial(App, connect=CONNECT, sweep_every_s=5.0)
# Slack's own time-out is three seconds, too short for a busy test machine.
ACKNOWLEDGED_WITHIN_S = 30.0
# For tests in which the database is away.
SOON_S = 0.5
# Begins messages that ask for something an incident lacks; most tests are about something else.
NUDGE = "👉"
# Calls that show nothing by themselves.
SILENT = ("conversations.join", "conversations.open")

# Three tiers of one person each, so that a test can tell who is paged when.
RUNBOOK = """
organisation: Example Tutors
timezone: Europe/London
people:
  ada: {name: Ada Obi, email: ada@example.com, phone: "+447700900001"}
  ben: {name: Ben Moss, email: ben@example.com, phone: "+447700900002"}
  cleo: {name: Cleo Fox, email: cleo@example.com, phone: "+447700900003"}
tiers:
  oncall: {name: On-call Engineer, who: [ada]}
  lead: {name: Engineering Lead, who: [ben]}
  ceo: {name: CEO, who: [cleo]}
severities:
  - id: P1
    name: Critical
    user_facing: true
    escalation:
      steps:
        - {page: oncall, wait: 15m}
        - {page: lead, wait: 30m}
        - {page: ceo, wait: 30m}
  - id: P2
    name: High
    escalation: {steps: [{page: oncall, wait: 30m}]}
  - id: P3
    name: Low
    escalation: {steps: [{page: oncall, wait: 1h}]}
"""


class World:
    """The team (`ada`, `ben`, `cleo`, `dev`, `eve`, `finn`), their Slack, and one process of the bot.

    Call `await world.settled()` after each action: then everything due has been done. `await world.passes(minutes=15)`
    moves the clock and settles. A story accounts for everything the bot sends, and ends with `nothing_else_was_sent`.
    """

    def __init__(self, app: App, workspace: Workspace) -> None:
        self.app = app
        self.workspace = workspace
        self._processes = Processes(app)
        self.travel = Travel(app.clock, self._processes, stop_timeout_s=SETTLED_WITHIN_S)
        self._read = 0

    @property
    def clock(self) -> Clock:
        return self.app.clock

    @property
    def house(self) -> Any:
        return self.app.services

    def __getattr__(self, name: str) -> Person:
        return self.workspace.person(name)

    async def passes(self, **span: float) -> None:
        """Move the clock; whatever became due meanwhile is done at the end, as after an outage."""
        await self.settled()
        self.clock.move(timedelta(**span))
        await self.settled()

    async def has_tried_for(self, **span: float) -> None:
        """Pretend that all waiting deliveries have been retried in vain for this much longer."""
        await self.settled()
        async with self.house.db.transaction() as conn:
            await conn.execute(
                "UPDATE outbox SET tried_since = coalesce(tried_since, created_at) - %s WHERE state = 'waiting'",
                [timedelta(**span)],
            )

    def gives_up_soon(self) -> None:
        """From now on, requests to the bot wait for the database only half a second before they are refused."""
        self.house.db.intake_limit.seconds = SOON_S

    @asynccontextmanager
    async def joined(self, *, runbook: str = "") -> AsyncIterator[App]:
        """A second process of the bot on the same database and clock; `settled` waits for it as well."""
        known = example_runbook(runbook) if runbook else self.app.runbook
        second = BOT(self.app.settings, known, self.clock)
        async with second.running():
            await second.until_looked_up()
            # It does its first rounds when it is woken, which nobody waits for.
            second.doors.scheduler.wake()
            self._processes.add(second)
            try:
                yield second
            finally:
                self._processes.remove(second)

    async def settled(self) -> None:
        """Wait until the bot has nothing left to do at the clock's current time."""
        await self.travel.settled()

    def pages_of(self, name: str) -> list[Message]:
        """The bot's pages to this person in Slack, oldest first."""
        return [message for message in self.workspace.direct_messages(name) if message.user == self.workspace.bot.id]

    def room(self, ref: str = "INC-1") -> str:
        """The id of the incident's channel."""
        topic = f"{ref} "
        return next(one.id for one in self.workspace.conversations if one.topic and topic in f"{one.topic} ")

    def card(self, ref: str = "INC-1") -> Message:
        """The pinned card in the incident's room."""
        room = self.workspace.channel(self.room(ref))
        return next(message for message in room.messages if message.ts in room.pins)

    def said_in(self, channel: str) -> list[str]:
        """The bot's messages there, oldest first, as full text; without nudges."""
        posted = [one for one in self.workspace.messages(channel) if one.user == self.workspace.bot.id]
        return [words_of(one) for one in posted if NUDGE not in one.text]

    def nudges(self, ref: str = "INC-1") -> list[Message]:
        """The nudges in the room, oldest first."""
        return [one for one in self.workspace.messages(self.room(ref)) if NUDGE in one.text]

    def sent_since(self) -> list[Sent]:
        """What the bot has sent since the last call."""
        sent = self.workspace.sent[self._read :]
        self._read = len(self.workspace.sent)
        return list(sent)

    def posts(self) -> list[tuple[str, str]]:
        """Every message posted since the last call, as (channel or person's name, headline); without nudges."""
        posted = [one for one in self.sent_since() if one.method == "chat.postMessage"]
        return [(self._place(one), one.text or "") for one in posted if NUDGE not in (one.text or "")]

    def nothing_else_was_sent(self) -> None:
        """The end of a story: no unexpected message, no complaints from Slack, and no smuggled mentions."""
        assert self.posts() == []
        assert [str(one) for one in self.workspace.complaints] == []
        assert self.workspace.audit() == []

    def _place(self, sent: Sent) -> str:
        found = self.workspace.find_channel(sent.channel or "")
        if found is None or found.kind != "im":
            return f"#{found.name}" if found else str(sent.channel)
        return next(self.workspace.users[user].name for user in found.members if user != self.workspace.bot.id)


def words_of(message: Message) -> str:
    """All text a message shows, headline first."""
    texts: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, Mapping):
            if isinstance(value.get("text"), str):
                texts.append(value["text"])
            for name, inner in value.items():
                if name != "text" or not isinstance(inner, str):
                    collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(message.blocks or [])
    return "\n".join(texts or [message.text])


def settings_for(workspace: Workspace, server: Server, database: str, home: Path, **more: str) -> Settings:
    """The settings that the environment would give the bot."""
    environ = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": server.api_url,
        "DATABASE_URL": database,
        "TOCSIN_HOME": str(home),
        "PORT": "0",
    }
    return Settings.from_environment({name: value for name, value in {**environ, **more}.items() if value})


def example_runbook(text: str = RUNBOOK, environ: Mapping[str, str] | None = None) -> Runbook:
    return _read(text, tuple((environ or {}).items()))


@cache
def _read(text: str, environ: tuple[tuple[str, str], ...]) -> Runbook:
    """Cached: most worlds use the same few runbooks, and parsing one takes as long as much of a test."""
    return read(text, dict(environ))


def manifest() -> dict[str, Any]:
    """A copy of the parsed manifest.yml."""
    return copy.deepcopy(_manifest())


@cache
def _manifest() -> dict[str, Any]:
    return dict(YAML(typ="safe").load((HERE.parent / "manifest.yml").read_text()))


@asynccontextmanager
async def living(
    database: str,
    home: Path,
    *,
    runbook: str = RUNBOOK,
    transport: str = "socket",
    prepare: Callable[[Workspace], None] = lambda workspace: None,
    **environ: str,
) -> AsyncIterator[World]:
    """A world at `BEGINNING`, with its bot connected by `transport` and its channels looked up."""
    clock = Clock()
    clock.freeze(BEGINNING)
    workspace = Workspace(clock, manifest())
    workspace.timing.ack_seconds = ACKNOWLEDGED_WITHIN_S
    prepare(workspace)
    server = Server(workspace)
    await server.start()
    try:
        if transport == "http":
            environ |= {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": workspace.signing_secret}
        settings = settings_for(workspace, server, database, home, **environ)
        app = BOT(settings, example_runbook(runbook), clock)
        async with app.running():
            if transport == "http":
                workspace.use_http(f"http://127.0.0.1:{app.port}/slack/events")
            world = World(app, workspace)
            await app.until_looked_up()
            await world.settled()
            world.sent_since()
            yield world
    finally:
        await server.stop()
