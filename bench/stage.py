"""The environment of a measurement: a simulated Slack in this process, and the bot with its database as a program."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiohttp
from psycopg.rows import dict_row
from ruamel.yaml import YAML

from bot.clock import Clock
from bot.sandbox.server import serving
from bot.sandbox.workspace import Workspace
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
HERE = Path(__file__).parent
RUNBOOK = HERE / "runbook.yml"
TIMEOUT_S = 120.0
LOOK_EVERY_S = 0.005
# For `/readyz`, which is rate-limited: a few requests at once, then one per second.
READY_LOOK_EVERY_S = 0.05

Transport = Literal["socket", "http"]


@dataclass(frozen=True)
class Stage:
    """A served workspace, and a folder for its bots' data."""

    workspace: Workspace
    api_url: str
    scratch: Path

    @asynccontextmanager
    async def bot(self, *, home: str = "home", transport: Transport = "socket", **more: str) -> AsyncIterator["Bot"]:
        """`tocsin run`, ready and with its first incident behind it, until the block ends.

        `more`: further environment variables.
        """
        async with self.started(home=home, transport=transport, **more) as bot:
            await bot.until_ready()
            if transport == "http":
                self.workspace.use_http(f"http://127.0.0.1:{bot.port}/slack/events")
            async with bot.database():
                await self.workspace.person("eve").types("/incident declare P1 The first one")
                await bot.settled()
                yield bot
                self._must_be_sound()

    @asynccontextmanager
    async def started(
        self, *, home: str = "home", transport: Transport = "socket", **more: str
    ) -> AsyncIterator["Bot"]:
        """`tocsin run`, from its start until the block ends; then it is stopped.

        `more`: further environment variables.
        """
        place = self.scratch / home
        place.mkdir(exist_ok=True)
        environ, port = self._environ(transport), free_port()
        with (place / "log").open("ab") as log:
            began = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.cli", "run", cwd=HERE.parent, stdout=log, stderr=log,
                env=environ | more | {"TOCSIN_HOME": str(place), "PORT": str(port)},
            )  # fmt: skip
        try:
            yield Bot(process, place, port, began)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    def _must_be_sound(self) -> None:
        """Raise if Slack has objected to anything: such results are worthless."""
        if objections := self.workspace.complaints:
            raise RuntimeError(f"Slack objects: {'; '.join(map(str, objections[:3]))}")

    def _environ(self, transport: Transport) -> dict[str, str]:
        """The bot's whole environment, so that nothing real is touched."""
        workspace = self.workspace
        way = {
            "socket": {"SLACK_APP_TOKEN": workspace.app_token},
            "http": {"SLACK_SIGNING_SECRET": workspace.signing_secret},
        }
        common = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.scratch),
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_API_URL": self.api_url,
            "TOCSIN_RUNBOOK": str(RUNBOOK),
            "LOG_LEVEL": "WARNING",
        }
        return common | way[transport]


class Bot:
    """One process of the bot, seen from outside."""

    conn: Connection

    def __init__(self, process: asyncio.subprocess.Process, home: Path, port: int, began: float) -> None:
        self.process = process
        self.home = home
        self.port = port
        self._began = began
        self._clock = Clock()

    async def until_ready(self) -> float:
        """Wait for the first successful /readyz; returns the milliseconds since the start."""
        url = f"http://127.0.0.1:{self.port}/readyz"
        async with aiohttp.ClientSession(trust_env=False) as session, asyncio.timeout(TIMEOUT_S):
            while not await _is_ok(session, url):
                self._must_be_alive()
                await asyncio.sleep(READY_LOOK_EVERY_S)
        return (time.perf_counter() - self._began) * 1000

    @asynccontextmanager
    async def database(self) -> AsyncIterator[None]:
        """A connection to its database, as `conn`, while the block runs."""
        url = await EmbeddedPostgres(self.home).start()
        async with await look_into(url) as self.conn:
            yield

    async def settled(self) -> None:
        """Wait until it has nothing left to do now."""
        async with asyncio.timeout(TIMEOUT_S):
            while (await SQL.the(self.conn, "unfinished", now=self._clock.now()))["count"]:
                self._must_be_alive()
                await asyncio.sleep(LOOK_EVERY_S * 10)

    def _must_be_alive(self) -> None:
        if self.process.returncode is not None:
            raise RuntimeError(f"the bot has ended: {(self.home / 'log').read_text()[-2000:]}")


@asynccontextmanager
async def stage(scratch: Path) -> AsyncIterator[Stage]:
    """An empty workspace, ready for bots."""
    workspace = Workspace(Clock(), dict(YAML(typ="safe").load((HERE.parent / "manifest.yml").read_text())))
    async with serving(workspace) as server:
        yield Stage(workspace, server.api_url, scratch)


async def look_into(url: str) -> Connection:
    return await Connection.connect(url, autocommit=True, row_factory=dict_row)


async def _is_ok(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def free_port() -> int:
    """A port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
