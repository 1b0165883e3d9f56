"""Incoming alerts: how soon they are stored and shown, and how a storm of them affects everything else."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from bench.armed import arm, rooms
from bench.machine import machine
from bench.sender import Sender, sender
from bench.stage import RUNBOOK, Bot, Stage, stage
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.sandbox.changes import Change

TOKEN = "bench"
# Alerts per second, and for how many seconds.
FLOODS = ((500, 60), (1000, 20))
THINGS = 500
RESTING = 20
STORM, STORM_S, GROUPS, IN_A_BODY = 10_000, 60, 100, 10
DECLARED_EVERY_S = 5
LADDERS = 10
TIMEOUT_S = 120.0
MIB = 2**20
RULES = """
alerts:
  rules:
    - {match: {alertname: G0}, level: critical, declare: P1}
    - {match: {alertname: "G*"}, level: medium}
"""
HOW = (
    f"At rest: from the request to the card in Slack, {RESTING} new alerts one after another. Floods: alerts one to a "
    f"body, for {THINGS} things that keep firing: from the time each is to be sent to its 202, which means stored, and "
    f"the bot's resident memory before and after. The storm: {STORM:,} different alerts in {GROUPS} groups within "
    f"{STORM_S} s, as Alertmanager posts them, {IN_A_BODY} to a body: until the page of the rule that declares an "
    f"incident and, every {DECLARED_EVERY_S} s meanwhile, from `/incident declare` to its accepted page. During each "
    f"flood and the storm the next steps of {LADDERS} ladders are due, one after another: from that instant to the "
    "page in Slack, which takes about one message a second in a channel at that time."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    runbook = scratch / "runbook.yml"
    runbook.write_text(RUNBOOK.read_text() + RULES)
    async with stage(scratch) as scene, scene.started(ALERTS_TOKEN=TOKEN, TOCSIN_RUNBOOK=str(runbook)) as bot:
        await bot.until_ready()
        async with bot.database(), sender(bot.port, TOKEN) as own:
            rows = await _at_rest(scene, own)
            await own.send(own.request("generic", {"alerts": [_thing(number) for number in range(THINGS)]}))
            scene.workspace.rates.enabled = True
            for rate, seconds in FLOODS:
                rows += await _flood(scene, bot, own, rate, seconds)
            rows += await _storm(scene, bot, own)
    return Table("alerts", "alerts that come in", HOW, on, ("what", "found", "goal", "met"), rows)


async def _at_rest(scene: Stage, own: Sender) -> list[tuple[str, ...]]:
    shown = []
    for number in range(RESTING):
        title = f"Something new {number}"
        seen = _when(scene, partial(_says, title))
        began = time.perf_counter()
        await own.send(own.request("generic", {"title": title, "status": "firing", "severity": "warning"}))
        shown.append((await seen - began) * 1000)
    median = Spread(shown).median
    return [("at rest, until the card is in Slack, median", ms(median), "≤ 300 ms", met(median <= 300))]


async def _flood(scene: Stage, bot: Bot, own: Sender, rate: int, seconds: int) -> list[tuple[str, ...]]:
    memory = psutil.Process(bot.process.pid).memory_info
    before = memory().rss / MIB
    things = [own.request("generic", _thing(number)) for number in range(THINGS)]
    late = await _ladders(scene, bot, f"flood-{rate}", seconds)
    began = time.perf_counter()
    answers = await own.paced((things[number % THINGS] for number in range(rate * seconds)), rate)
    taken = [took for status, took in answers if status == 202]
    per_s = len(taken) / (time.perf_counter() - began)
    refused, spread, what = (
        len(answers) - len(taken),
        Spread([took for _, took in answers]),
        f"{rate}/s for {seconds} s",
    )
    latest = max(await late)
    return [
        (f"{what}, answered, median", ms(spread.median), "", ""),
        (f"{what}, answered, p99", ms(spread.p99), "≤ 100 ms", met(spread.p99 <= 100)),
        (f"{what}, taken", f"{per_s:.0f}/s", "", ""),
        (f"{what}, not taken", f"{refused:,}", "0", met(refused == 0)),
        (f"{what}, memory before and after", f"{before:.0f} MiB, {memory().rss / MIB:.0f} MiB", "", ""),
        (f"{what}, a ladder's page, latest", ms(latest), "≤ 1,000 ms", met(latest <= 1_000)),
    ]


async def _storm(scene: Stage, bot: Bot, own: Sender) -> list[tuple[str, ...]]:
    posts = [own.request("alertmanager", _notification(number)) for number in range(STORM // IN_A_BODY)]
    first_page = _when(scene, partial(_pages, "G0"))
    late = await _ladders(scene, bot, "storm", STORM_S)
    began = time.perf_counter()
    storm = asyncio.create_task(own.paced(posts, len(posts) / STORM_S))
    declared: list[float] = []
    while not storm.done():
        declared.append(await _declared(scene, len(declared)))
        await asyncio.wait([storm], timeout=DECLARED_EVERY_S)
    answers = await storm
    refused = sum(status != 202 for status, _ in answers)
    paged = (await first_page - began) * 1000
    scene.workspace.rates.enabled = False
    await bot.settled()
    stored = await _count(bot, "SELECT count(*) AS count FROM alerts WHERE source = 'alertmanager'")
    cards = await _count(bot, "SELECT count(*) AS count FROM cards WHERE key LIKE 'alert:%'") - RESTING - THINGS
    worst, latest = max(declared), max(await late)
    return [
        ("storm, answered, p99", ms(Spread([took for _, took in answers]).p99), "", ""),
        ("storm, bodies not taken (503)", str(refused), "0", met(refused == 0)),
        ("storm, alerts stored", f"{stored:,}", f"{STORM:,}", met(stored == STORM)),
        ("storm, cards", str(cards), str(GROUPS), met(cards == GROUPS)),
        ("storm, first alert to first page", ms(paged), "≤ 5,000 ms", met(paged <= 5_000)),
        ("storm, an incident's page, longest", ms(worst), "≤ 1,000 ms", met(worst <= 1_000)),
        ("storm, a ladder's page, latest", ms(latest), "≤ 1,000 ms", met(latest <= 1_000)),
    ]


async def _ladders(scene: Stage, bot: Bot, name: str, within_s: int) -> "asyncio.Future[list[float]]":
    """Arm incidents whose next steps fall due one after another from now on; the result is each page's lateness in
    ms."""
    now, began = Clock().machine_now(), time.perf_counter()
    due_at = [now + timedelta(seconds=within_s * (number + 1) / (LADDERS + 1)) for number in range(LADDERS)]
    ids = await arm(bot.conn, rooms(scene.workspace, LADDERS, name), now, due_at)
    pages = [_when(scene, partial(_pages, f"(INC-{number})")) for number in ids]

    async def late() -> list[float]:
        seen = await asyncio.gather(*pages)
        return [(at - began - (due - now).total_seconds()) * 1000 for at, due in zip(seen, due_at, strict=True)]

    return asyncio.ensure_future(late())


async def _declared(scene: Stage, number: int) -> float:
    title = f"Declared in the storm {number}"
    seen = _when(scene, partial(_pages, title))
    began = time.perf_counter()
    await scene.workspace.person("eve").types(f"/incident declare P1 {title}")
    return (await seen - began) * 1000


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
