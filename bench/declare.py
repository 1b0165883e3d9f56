"""How long it takes from a declaration until its page is out and its declarer is in the room."""

import asyncio
import statistics
import time
from pathlib import Path

from bench.machine import machine
from bench.stage import Bot, Stage, stage
from bench.table import Table, met, ms
from bot.sandbox.changes import Change

LATENCIES_MS = (0, 100, 300)
TIMES = 15
ROUND_TRIPS, OWN_WORK_MS = 2.5, 60
DECLARER, PAGED = "eve", "ada"
HOW = (
    "From the arrival of `/incident declare` (Socket Mode) until the provider has accepted the first page *and* the "
    f"declarer is in the incident's channel: the median of {TIMES} runs, one after another. Every call to Slack takes "
    f"the latency in the first column. Goal: {ROUND_TRIPS} latencies plus {OWN_WORK_MS} ms."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    async with stage(scratch) as scene, scene.bot() as bot:
        for latency_ms in LATENCIES_MS:
            scene.workspace.faults.slow_down(latency_ms)
            titles = [f"Payments failing, report {latency_ms}.{number}" for number in range(TIMES)]
            rows.append(_row(latency_ms, [await _declared(scene, bot, title) for title in titles]))
    columns = ("latency of Slack", "page accepted", "declarer in the room", "both", "goal", "met")
    return Table("declare", "from the command to the page and the room", HOW, on, columns, rows)


async def _declared(scene: Stage, bot: Bot, title: str) -> tuple[float, float]:
    """Milliseconds until the page was accepted, and until the declarer was in the room."""
    eve = scene.workspace.person(DECLARER)
    paged, joined = asyncio.Event(), asyncio.Event()
    seen: dict[str, float] = {}

    def look(change: Change) -> None:
        if change.kind == "message" and change.message and (change.message.metadata or {}).get("event_payload"):
            if change.channel and change.channel.kind == "im":
                seen["paged"] = time.perf_counter()
                paged.set()
        elif change.kind == "member_joined" and change.user == eve.id:
            seen["joined"] = time.perf_counter()
            joined.set()

    stop = scene.workspace.changes.listen(look)
    began = time.perf_counter()
    await eve.types(f"/incident declare P1 {title}")
    async with asyncio.timeout(30):
        await asyncio.gather(paged.wait(), joined.wait())
    stop()
    await bot.settled()
    return (seen["paged"] - began) * 1000, (seen["joined"] - began) * 1000


def _row(latency_ms: int, taken: list[tuple[float, float]]) -> tuple[str, ...]:
    paged, joined = (statistics.median(column) for column in zip(*taken, strict=True))
    both = statistics.median(max(one) for one in taken)
    goal = ROUND_TRIPS * latency_ms + OWN_WORK_MS
    return f"{latency_ms} ms", ms(paged), ms(joined), ms(both), f"≤ {goal:.0f} ms", met(both <= goal)
