"""How long the statistics of a year take, and how they affect pages that leave meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.deadline import lateness
from bench.machine import machine
from bench.stage import Bot, stage
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.store.queries import Queries

SQL = Queries(__file__)
INCIDENTS, STEPS, WAYS = 10_000, 50, 2
PAGES = INCIDENTS * STEPS * WAYS
TIMES = 7
YEAR, MONTH = 365, 30
DUE, WITHIN_S = 300, 20
GOAL_YEAR_MS, GOAL_P99_MS = 1000, 250
TOKEN = "of-the-measurements"
HOW = (
    f"{INCIDENTS:,} incidents of one year with {PAGES:,} accepted pages in the database. From the request "
    f"`GET /api/v1/stats` to the whole answer, {TIMES} times in a row. Then {DUE} steps are due within {WITHIN_S} s, "
    "each at its own instant: from that instant until its page reaches Slack, first while nobody asks for statistics, "
    "then while those of the year are requested continuously."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with stage(scratch) as scene, scene.bot(API_TOKEN=TOKEN) as bot:
        await _fill(bot)
        rows = [await _counted(bot, "a year", YEAR, GOAL_YEAR_MS), await _counted(bot, "30 days", MONTH, GOAL_YEAR_MS)]
        rows.append(_late("pages, nobody counts", await lateness(scene, bot, "alone", WITHIN_S, DUE)))
        async with _counting(bot):
            rows.append(_late("pages, a year is counted", await lateness(scene, bot, "beside", WITHIN_S, DUE)))
    columns = ("what", "n", "median", "p99", "longest", "goal", "met")
    return Table("statistics", "the numbers of a year", HOW, on, columns, rows)


async def _fill(bot: Bot) -> None:
    now = Clock().machine_now()
    await SQL.run(bot.conn, "incidents", now=now, incidents=INCIDENTS)
    await SQL.run(bot.conn, "timeline")
    await SQL.run(bot.conn, "deadlines")
    await SQL.run(bot.conn, "pages", steps=STEPS)
    await SQL.run(bot.conn, "settle")


async def _counted(bot: Bot, what: str, days: int, goal_ms: int) -> tuple[str, ...]:
    took = Spread([await _count(bot, days) for _ in range(TIMES)])
    figures = (ms(took.median), ms(took.p99), ms(took.longest))
    return what, str(TIMES), *figures, f"median < {goal_ms:,} ms", met(took.median < goal_ms)


async def _count(bot: Bot, days: int) -> float:
    """Milliseconds. Raises ClientError if it failed."""
    url, headers = f"http://127.0.0.1:{bot.port}/api/v1/stats", {"Authorization": f"Bearer {TOKEN}"}
    began = time.perf_counter()
    async with (
        aiohttp.ClientSession(trust_env=False, raise_for_status=True) as session,
        session.get(url, params={"days": days}, headers=headers) as answer,
    ):
        await answer.read()
    return (time.perf_counter() - began) * 1000


@asynccontextmanager
async def _counting(bot: Bot) -> AsyncIterator[None]:
    """Request the year's statistics continuously until the block ends."""

    async def count() -> None:
        while True:
            await _count(bot, YEAR)

    counting = asyncio.create_task(count())
    try:
        yield
        if counting.done():
            counting.result()
    finally:
        counting.cancel()


def _late(what: str, late: Spread) -> tuple[str, ...]:
    is_met = late.p99 <= GOAL_P99_MS
    return what, str(DUE), ms(late.median), ms(late.p99), ms(late.longest), f"p99 ≤ {GOAL_P99_MS} ms", met(is_met)
