"""A whole team with its bot: real PostgreSQL, a simulated Slack over real HTTP, and the clock in the test's hand."""

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
# A Thursday afternoon, far from any change of the clocks.
BEGINNING = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
SETTLED_WITHIN_S = 60.0
# Each connection has a process of the server for itself, which reads the catalogue and plans every statement anew. And
# on a busy machine the database may take its time: what becomes of a request must not hang on that.
CONNECT = partial(KeptDatabase, work_connections=4, at_rest=0, intake_timeout_s=30.0)
# A bot at rest looks at every table once a second, and so would the worlds of all workers. Whoever moves the clock has
# everything looked at, and `settled` asks whether anything is due.
BOT = partial(App, connect=CONNECT, sweep_every_s=5.0)
# Slack's own patience is three seconds, of a machine that has nothing else to do.
ACKNOWLEDGED_WITHIN_S = 30.0
# For whoever asks while the database is away.
SOON_S = 0.5
# How a message begins that asks for what an incident lacks; most stories are about something else.
NUDGE = "👉"
# Calls that show nothing to anybody by themselves.
SILENT = ("conversations.join", "conversations.open")

# Three tiers of one person each, so that a story can say who is paged when.
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

    `await world.settled()` after each deed: everything that is due has been done. `await world.passes(minutes=15)`
    moves the clock and settles. What the bot sends is expected by the story, and `nothing_else_was_sent` ends it.
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
        """Time goes by; whatever becomes due meanwhile is done at the end of it, as after an outage."""
        await self.settled()
        self.clock.move(timedelta(**span))
        await self.settled()

    async def has_tried_for(self, **span: float) -> None:
        """What has yet to be sent has been tried for so much longer, and in vain."""
        await self.settled()
        async with self.house.db.transaction() as conn:
            await conn.execute(
                "UPDATE outbox SET tried_since = coalesce(tried_since, created_at) - %s WHERE state = 'waiting'",
                [timedelta(**span)],
            )

    def gives_up_soon(self) -> None:
        """From here on whoever asks the bot waits for the database for half a second, and is told."""
        self.house.db.intake_limit.seconds = SOON_S

    @asynccontextmanager
    async def joined(self, *, runbook: str = "") -> AsyncIterator[App]:
        """A second process of the bot, on the same database and clock; `settled` waits for it as well."""
        known = example_runbook(runbook) if runbook else self.app.runbook
        second = BOT(self.app.settings, known, self.clock)
        async with second.running():
            await second.until_looked_up()
            # It makes its first rounds when it hears the bell, which nobody waits for.
            second.doors.scheduler.wake()
            self._processes.add(second)
            try:
                yield second
            finally:
                self._processes.remove(second)

    async def settled(self) -> None:
        """Until the bot has nothing left to do at this instant of the clock."""
        await self.travel.settled()

    def pages_of(self, name: str) -> list[Message]:
        """The messages in which the bot pages this person, oldest first."""
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
        """What the bot has posted there, oldest first, as whole text; without nudges."""
        posted = [one for one in self.workspace.messages(channel) if one.user == self.workspace.bot.id]
        return [words_of(one) for one in posted if NUDGE not in one.text]

    def nudges(self, ref: str = "INC-1") -> list[Message]:
        """What the room was asked for, oldest first."""
        return [one for one in self.workspace.messages(self.room(ref)) if NUDGE in one.text]

    def sent_since(self) -> list[Sent]:
        """What the bot has sent since this was asked last."""
        sent = self.workspace.sent[self._read :]
        self._read = len(self.workspace.sent)
        return list(sent)

    def posts(self) -> list[tuple[str, str]]:
        """Every message posted since this was asked last, as (channel or person's name, headline); without nudges."""
        posted = [one for one in self.sent_since() if one.method == "chat.postMessage"]
        return [(self._place(one), one.text or "") for one in posted if NUDGE not in (one.text or "")]

    def nothing_else_was_sent(self) -> None:
        """The end of a story: no message is unaccounted for, Slack had nothing to object to, nobody was mentioned."""
        assert self.posts() == []
        assert [str(one) for one in self.workspace.complaints] == []
        assert self.workspace.audit() == []

    def _place(self, sent: Sent) -> str:
        found = self.workspace.find_channel(sent.channel or "")
        if found is None or found.kind != "im":
            return f"#{found.name}" if found else str(sent.channel)
        return next(self.workspace.users[user].name for user in found.members if user != self.workspace.bot.id)


def words_of(message: Message) -> str:
    """Everything a message shows, headline first."""
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
    """As the environment would give them to the bot."""
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
    """Most worlds live by the same few runbooks, and to read one takes as long as much else that a story does."""
    return read(text, dict(environ))


def manifest() -> dict[str, Any]:
    """The parsed manifest.yml, a copy for whoever asks."""
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
    """A world that stands at `BEGINNING`, its bot connected by `transport` and its channels looked up."""
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
