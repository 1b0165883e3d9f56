"""Alerts that come in: how soon they are durable and shown, and what a storm of them does to everybody else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bench.machine import machine
from bench.stage import RUNBOOK, Bot, Stage, stage
from bench.table import Spread, Table, met, ms
from bot.sandbox.changes import Change

TOKEN = "bench"
RATE, RATE_S, THINGS = 500, 20, 500
RESTING = 20
STORM, STORM_S, GROUPS, IN_A_BODY = 10_000, 60, 100, 10
DECLARED_EVERY_S = 5
TIMEOUT_S = 120.0
RULES = """
alerts:
  rules:
    - {match: {alertname: G0}, level: critical, declare: P1}
    - {match: {alertname: "G*"}, level: medium}
"""
HOW = (
    f"{RATE} alerts a second for {RATE_S} s, one a body, of {THINGS} things that go on firing: from each request to "
    f"its 202, which means stored, and the bot's resident memory before and after. At rest: from the request to the "
    f"card in Slack, {RESTING} new alerts one after the other. The storm: {STORM:,} different alerts in {GROUPS} "
    f"groups within {STORM_S} s, as Alertmanager posts them, {IN_A_BODY} a body: until the page of the rule that "
    f"declares, and, every {DECLARED_EVERY_S} s meanwhile, from `/incident declare` to its accepted page."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    runbook = scratch / "runbook.yml"
    runbook.write_text(RUNBOOK.read_text() + RULES)
    async with stage(scratch) as scene, scene.started(ALERTS_TOKEN=TOKEN, TOCSIN_RUNBOOK=str(runbook)) as bot:
        await bot.until_ready()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"http://127.0.0.1:{bot.port}"
        # Nothing waits at the sender's end, which the bot could not answer.
        connector = aiohttp.TCPConnector(limit=0)
        client = aiohttp.ClientSession(url, headers=headers, trust_env=False, connector=connector)
        async with bot.database(), client as session:
            rows = [*await _at_rest(scene, session), *await _steady(bot, session), *await _storm(scene, bot, session)]
    return Table("alerts", "alerts that come in", HOW, on, ("what", "found", "goal", "met"), rows)


async def _at_rest(scene: Stage, session: aiohttp.ClientSession) -> list[tuple[str, ...]]:
    shown = []
    for number in range(RESTING):
        title = f"Something new {number}"
        seen = _when(scene, partial(_says, title))
        began = time.perf_counter()
        await _post(session, "generic", {"title": title, "status": "firing", "severity": "warning"})
        shown.append((await seen - began) * 1000)
    median = Spread(shown).median
    return [("at rest, until the card is in Slack, median", ms(median), "≤ 300 ms", met(median <= 300))]


async def _steady(bot: Bot, session: aiohttp.ClientSession) -> list[tuple[str, ...]]:
    memory = psutil.Process(bot.process.pid).memory_info
    for number in range(THINGS):
        await _post(session, "generic", _thing(number))
    before = memory().rss
    posts = (("generic", _thing(number % THINGS)) for number in range(RATE * RATE_S))
    began = time.perf_counter()
    answers = await _paced(session, posts, RATE)
    per_s = sum(status == 202 for status, _ in answers) / (time.perf_counter() - began)
    refused = sum(status != 202 for status, _ in answers)
    spread = Spread([took for _, took in answers])
    grown = (memory().rss - before) / 2**20
    return [
        (f"{RATE}/s, answered, median", ms(spread.median), "", ""),
        (f"{RATE}/s, answered, p99", ms(spread.p99), "≤ 100 ms", met(spread.p99 <= 100)),
        (f"{RATE}/s, taken", f"{per_s:.0f}/s", "", ""),
        (f"{RATE}/s, not taken (503)", str(refused), "0", met(refused == 0)),
        (f"{RATE}/s, memory grown by", f"{grown:.0f} MiB", "", ""),
    ]


async def _storm(scene: Stage, bot: Bot, session: aiohttp.ClientSession) -> list[tuple[str, ...]]:
    posts = [("alertmanager", _notification(number)) for number in range(STORM // IN_A_BODY)]
    first_page = _when(scene, partial(_pages, "G0"))
    began = time.perf_counter()
    storm = asyncio.create_task(_paced(session, iter(posts), len(posts) / STORM_S))
    declared: list[float] = []
    while not storm.done():
        declared.append(await _declared(scene, len(declared)))
        await asyncio.wait([storm], timeout=DECLARED_EVERY_S)
    answers = await storm
    refused = sum(status != 202 for status, _ in answers)
    paged = (await first_page - began) * 1000
    await bot.settled()
    stored = await _count(bot, "SELECT count(*) AS count FROM alerts WHERE source = 'alertmanager'")
    cards = await _count(bot, "SELECT count(*) AS count FROM cards WHERE key LIKE 'alert:%'") - RESTING - THINGS
    worst = max(declared)
    return [
        ("storm, answered, p99", ms(Spread([took for _, took in answers]).p99), "", ""),
        ("storm, bodies not taken (503)", str(refused), "0", met(refused == 0)),
        ("storm, alerts stored", f"{stored:,}", f"{STORM:,}", met(stored == STORM)),
        ("storm, cards", str(cards), str(GROUPS), met(cards == GROUPS)),
        ("storm, first alert to first page", ms(paged), "≤ 5,000 ms", met(paged <= 5_000)),
        ("storm, an incident's page, longest", ms(worst), "≤ 1,000 ms", met(worst <= 1_000)),
    ]


async def _declared(scene: Stage, number: int) -> float:
    title = f"Declared in the storm {number}"
    seen = _when(scene, partial(_pages, title))
    began = time.perf_counter()
    await scene.workspace.person("eve").types(f"/incident declare P1 {title}")
    return (await seen - began) * 1000


async def _paced(
    session: aiohttp.ClientSession, posts: Iterable[tuple[str, dict[str, Any]]], per_s: float
) -> list[tuple[int, float]]:
    """Begun at their times, however long the answers take; of each its status, and milliseconds."""
    began, running = time.perf_counter(), []
    for number, (source, body) in enumerate(posts):
        await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
        running.append(asyncio.create_task(_post(session, source, body)))
    return list(await asyncio.gather(*running))


async def _post(session: aiohttp.ClientSession, source: str, body: dict[str, Any]) -> tuple[int, float]:
    began = time.perf_counter()
    async with session.post(f"/alerts/{source}", json=body) as answer:
        await answer.read()
        return answer.status, (time.perf_counter() - began) * 1000


def _when(scene: Stage, is_it: Callable[[Change], bool]) -> Awaitable[float]:
    """When the first such change is seen in the workspace."""
    seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def look(change: Change) -> None:
        if not seen.done() and change.kind == "message" and is_it(change):
            seen.set_result(time.perf_counter())

    stop = scene.workspace.changes.listen(look)
    seen.add_done_callback(lambda _: stop())
    return asyncio.wait_for(seen, TIMEOUT_S)


def _says(words: str, change: Change) -> bool:
    return words in str(change.message and change.message.text)


def _pages(words: str, change: Change) -> bool:
    return _says(words, change) and change.channel is not None and change.channel.kind == "im"


async def _count(bot: Bot, sql: str) -> int:
    row = await (await bot.conn.execute(sql)).fetchone()
    return int(row["count"]) if row else 0


def _thing(number: int) -> dict[str, Any]:
    return {"title": f"Thing {number} is odd", "status": "firing", "severity": "low", "fingerprint": f"thing-{number}"}


def _notification(number: int) -> dict[str, Any]:
    name = f"G{number % GROUPS}"
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": name, "instance": f"host-{number}-{one}", "severity": "warning"},
            "annotations": {"summary": f"{name} is down"},
            "startsAt": "2026-01-05T09:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"{number:08x}{one:08x}",
        }
        for one in range(IN_A_BODY)
    ]
    return {"version": "4", "groupKey": name, "status": "firing", "alerts": alerts}
