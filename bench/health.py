"""How long it takes to run all checks if some of them never answer."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.machine import machine
from bench.stage import RUNBOOK
from bench.table import Table, met, ms
from bot.app import App
from bot.clock import Clock
from bot.runbook import read
from bot.services import Services
from bot.settings import Settings

CHECKS, HANGING, ROUNDS = 200, 10, 3
TIMEOUT_S = 2
GOAL_MS = (TIMEOUT_S + 1) * 1000
LOOK_EVERY_S = 0.05
SILENT_ONES = [f"c{number}" for number in range(HANGING)]
HOW = (
    f"{CHECKS} checks at once, as `/health` runs them: web pages and ports that answer, and {HANGING} servers that "
    "accept the connection and never say a word, checked as a web page, a PostgreSQL, a MongoDB and for a "
    f"certificate. Each check times out after {TIMEOUT_S} s. From the start to the last result of the checks that "
    "answer, and to the last result of all, stored; and the latency the checks measured, at the median. Best and "
    f"worst of {ROUNDS} rounds."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with _web_server() as good, _silent_server() as silent:
        runbook = read(_runbook(good, silent), {})
        settings = Settings.from_environment({"SLACK_BOT_TOKEN": "xoxb-none", "TOCSIN_HOME": str(scratch / "home")})
        async with App(settings, runbook, Clock()).at_hand() as house:
            rounds = [await _round(house) for _ in range(ROUNDS)]
    answered, whole, took = zip(*rounds, strict=True)
    rows = [
        ("those that answer", ms(min(answered)), ms(max(answered)), "", ""),
        ("what they measured", ms(min(took)), ms(max(took)), "", ""),
        ("all", ms(min(whole)), ms(max(whole)), f"≤ {GOAL_MS:,} ms", met(max(whole) <= GOAL_MS)),
    ]
    columns = ("checks", "best", "worst", "goal", "met")
    return Table("health", "looking at everything while some of it hangs", HOW, on, columns, rows)


async def _round(house: Services) -> tuple[float, float, float]:
    """Milliseconds until all healthy checks have a result, and until all checks do; and the median measured latency."""
    began = time.perf_counter()
    looks = await house.health.look()
    while any(name not in SILENT_ONES for name in await looks.within(LOOK_EVERY_S)):
        pass
    answered = time.perf_counter()
    await looks.all()
    whole = time.perf_counter()
    latest = [standing.latest for standing in await house.health.standings() if standing.latest]
    took = [one.latency / timedelta(milliseconds=1) for one in latest if one.state == "healthy"]
    assert len(took) == CHECKS - HANGING, "a check that answers was not healthy"
    return (answered - began) * 1000, (whole - began) * 1000, statistics.median(took)


def _runbook(good: int, silent: int) -> str:
    """The benchmark runbook with checks added."""
    checks = "\n".join(f"    c{number}: {{{check}}}" for number, check in enumerate(_checks(good, silent)))
    return f"{RUNBOOK.read_text()}\nhealth:\n  checks:\n{checks}\n"


def _checks(good: int, silent: int) -> Iterator[str]:
    limit = f"timeout: {TIMEOUT_S}s"
    hanging = (
        f'http: "http://127.0.0.1:{silent}/"',
        f'postgresql: "postgresql://127.0.0.1:{silent}/orders"',
        f'mongodb: "mongodb://127.0.0.1:{silent}/content"',
        f'tls: "127.0.0.1:{silent}"',
    )
    for number in range(HANGING):
        yield f"{hanging[number % len(hanging)]}, {limit}"
    for number in range(CHECKS - HANGING):
        yield f'tcp: "127.0.0.1:{good}", {limit}' if number % 4 == 0 else f'http: "http://127.0.0.1:{good}/", {limit}'


@asynccontextmanager
async def _web_server() -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})

    application = web.Application()
    application.router.add_get("/", answer)
    server = TestServer(application)
    await server.start_server()
    try:
        yield server.port or 0
    finally:
        await server.close()


@asynccontextmanager
async def _silent_server() -> AsyncIterator[int]:
    """Accepts every connection and never answers."""
    over = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.transport.abort()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
