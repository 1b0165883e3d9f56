"""How long it takes to show the App Home, and to export an incident with thousands of timeline entries."""

import asyncio
import time
from pathlib import Path

from bench.machine import machine
from bench.stage import LOOK_EVERY_S, TIMEOUT_S, Bot, Stage, stage
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.sandbox.records import Sent
from bot.store.queries import Queries

SQL = Queries(__file__)
INCIDENTS, ENTRIES, HOMES, FILES = 20, 5_000, 30, 5
GOAL_HOME_MS, GOAL_FILE_MS = 150, 2_000
# A Home tab isn't published more often than this.
APART_S = 0.5
HOW = (
    f"{INCIDENTS} open incidents, each with a task and an action of one person, the first with {ENTRIES:,} entries in "
    f"its timeline. The App Home from opening it until it's published, {HOMES} times, each time by somebody else than "
    "before; and `/incident export` of the long incident, from the command until the whole file is at Slack, "
    f"{FILES} times."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with stage(scratch) as scene, scene.bot() as bot:
        await SQL.run(bot.conn, "incidents", now=Clock().machine_now(), incidents=INCIDENTS)
        await SQL.run(bot.conn, "work", now=Clock().machine_now())
        await SQL.run(bot.conn, "timeline", now=Clock().machine_now(), entries=ENTRIES)
        homes = Spread([await _home(scene, number) for number in range(HOMES)])
        files = Spread([await _file(scene, bot) for _ in range(FILES)])
    rows = [
        _row("App Home", HOMES, homes, GOAL_HOME_MS),
        _row(f"export of {ENTRIES:,} entries", FILES, files, GOAL_FILE_MS),
    ]
    columns = ("what", "n", "median", "p99", "longest", "goal", "met")
    return Table("afterwards", "the App Home, and a long incident as a file", HOW, on, columns, rows)


def _row(what: str, count: int, took: Spread, goal_ms: int) -> tuple[str, ...]:
    figures = (ms(took.median), ms(took.p99), ms(took.longest))
    return what, str(count), *figures, f"median < {goal_ms:,} ms", met(took.median < goal_ms)


async def _home(scene: Stage, number: int) -> float:
    """Milliseconds."""
    person = scene.workspace.person(("ada", "ben", "eve")[number % 3])
    seen = len(scene.workspace.sent)
    began = time.perf_counter()
    await person.opens_home()
    await _sent(scene, seen, "views.publish")
    took = (time.perf_counter() - began) * 1000
    await asyncio.sleep(APART_S)
    return took


async def _file(scene: Stage, bot: Bot) -> float:
    """Milliseconds. Each run adds a timeline entry first, because an unchanged file isn't posted again."""
    await SQL.run(bot.conn, "timeline", now=Clock().machine_now(), entries=1)
    seen = len(scene.workspace.sent)
    began = time.perf_counter()
    await scene.workspace.person("eve").types("/incident export INC-1")
    await _sent(scene, seen, "files.completeUploadExternal")
    took = (time.perf_counter() - began) * 1000
    await bot.settled()
    return took


async def _sent(scene: Stage, seen: int, method: str) -> Sent:
    """The first call of this method after the first `seen` calls."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            for one in scene.workspace.sent[seen:]:
                if one.method == method:
                    return one
            await asyncio.sleep(LOOK_EVERY_S)
