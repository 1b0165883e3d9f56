"""Several processes of the bot on one database, paging a webhook receiver as their provider."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
from aiohttp import web
from psycopg.conninfo import conninfo_to_dict
from ruamel.yaml import YAML

from bench.stage import HERE, LOOK_EVERY_S, TIMEOUT_S, look_into
from bot.clock import Clock
from bot.sandbox.server import serving
from bot.sandbox.workspace import Workspace
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.pipelined import Connection

RUNBOOK = """
organisation: Example Tutors
people:
{people}
tiers:
  everybody: {{name: Everybody, who: [p0], via: [webhook]}}
severities:
  - {{id: P1, name: Critical, escalation: {{steps: [{{page: everybody, wait: 1h}}]}}}}
"""
PERSON = '  p{number}: {{name: "Person {number}", webhook: "http://127.0.0.1:{port}/p{number}"}}'


class Receiver:
    """Accepts pages at `/p<number>`, answers after a delay, and records when each arrived."""

    def __init__(self, answers_after: timedelta) -> None:
        self._answers_after = answers_after
        self._clock = Clock()
        self._news = asyncio.Condition()
        self.port = 0
        self.arrived: list[tuple[int, datetime]] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Receiver"]:
        application = web.Application()
        application.router.add_post("/p{number}", self._take)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def until_arrived(self, count: int) -> None:
        async with asyncio.timeout(TIMEOUT_S), self._news:
            await self._news.wait_for(lambda: len(self.arrived) >= count)

    async def _take(self, request: web.Request) -> web.Response:
        self.arrived.append((int(request.match_info["number"]), self._clock.machine_now()))
        async with self._news:
            self._news.notify_all()
        await asyncio.sleep(self._answers_after.total_seconds())
        return web.json_response({"id": str(len(self.arrived))})


class Fleet:
    """The processes, and a connection to their database."""

    def __init__(self, workspace: Workspace, environ: dict[str, str], scratch: Path, conn: Connection) -> None:
        self.workspace = workspace
        self.conn = conn
        self._environ = environ
        self._scratch = scratch
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self, port: int) -> None:
        """Start one more process and wait until it is ready."""
        with (self._scratch / f"log-{port}").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.cli", "run", cwd=HERE.parent, stdout=log, stderr=log,
                env=self._environ | {"PORT": str(port)},
            )  # fmt: skip
        self._processes.append(process)
        async with aiohttp.ClientSession(trust_env=False) as session, asyncio.timeout(TIMEOUT_S):
            while not await _is_ready(session, port):
                if process.returncode is not None:
                    raise RuntimeError(f"the bot has ended: {(self._scratch / f'log-{port}').read_text()[-2000:]}")
                await asyncio.sleep(LOOK_EVERY_S)

    def tell(self, number: int, what: signal.Signals) -> None:
        """Send a signal to one process, by its order of start: to kill, freeze or thaw it."""
        self._processes[number].send_signal(what)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Fleet"]:
        """When the block ends, stop the processes that still run."""
        try:
            yield self
        finally:
            for process in self._processes:
                if process.returncode is None:
                    process.terminate()
            await asyncio.gather(*(process.wait() for process in self._processes))


@asynccontextmanager
async def fleet(
    scratch: Path,
    people: int,
    receiver: Receiver,
    *,
    person: str = PERSON,
    settings: Mapping[str, str] | None = None,
    more: str = "",
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Fleet]:
    """A workspace, a database with its schema, and a runbook with this many people, each with a webhook; no process
    yet.

    `settings`: further settings of PostgreSQL. `more`: text at the end of the runbook, after its severity. `environ`:
    further environment variables of the processes.
    """
    runbook = scratch / "runbook.yml"
    lines = [person.format(number=number, port=receiver.port) for number in range(people)]
    runbook.write_text(RUNBOOK.format(people="\n".join(lines)) + more)
    workspace = Workspace(Clock(), dict(YAML(typ="safe").load((HERE.parent / "manifest.yml").read_text())))
    database = EmbeddedPostgres(scratch / "database", settings=settings)
    async with serving(workspace) as server:
        url = await database.start()
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(scratch),
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_API_URL": server.api_url,
            "DATABASE_URL": _address(url),
            "TOCSIN_HOME": str(scratch / "home"),
            "TOCSIN_RUNBOOK": str(runbook),
            "LOG_LEVEL": "WARNING",
        }
        try:
            async with (
                await look_into(url) as conn,
                Fleet(workspace, own | dict(environ or {}), scratch, conn).running() as replicas,
            ):
                yield replicas
        finally:
            await database.stop()


def _address(conninfo: str) -> str:
    """In the form of DATABASE_URL."""
    parts = conninfo_to_dict(conninfo)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}"


async def _is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
