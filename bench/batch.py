"""How long a body with very many alerts takes, and for how long it blocks everything else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.machine import machine
from bench.stage import stage
from bench.table import Table, met, ms

ALERTS, GOAL_MS = 10_000, 5_000
LOOK_EVERY_S = 0.002
TOKEN = "bench"
TOLD = (("firing", "firing"), ("firing again", "firing"), ("over", "resolved"))
HOW = (
    f"One body of {ALERTS:,} alerts to `/alerts/generic`, as firing, firing again, and resolved: from the request to "
    "its 202. Meanwhile `/healthz` is requested continuously on its own connection: its longest answer shows how long "
    "a body kept everything else waiting."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    async with stage(scratch) as on_stage, on_stage.started(ALERTS_TOKEN=TOKEN) as bot:
        await bot.until_ready()
        url = f"http://127.0.0.1:{bot.port}"
        async with aiohttp.ClientSession(url, trust_env=False) as session:
            for what, status in TOLD:
                async with _asking(url) as answers:
                    took = await _tell(session, status)
                rows.append((what, ms(took), f"≤ {GOAL_MS:,} ms", met(took <= GOAL_MS), ms(max(answers))))
    columns = ("status", "taken within", "goal", "met", "longest wait of another")
    return Table("batch", f"{ALERTS:,} alerts in one body", HOW, on, columns, rows)


async def _tell(session: aiohttp.ClientSession, status: str) -> float:
    """Milliseconds."""
    alerts = [
        {"title": f"Alert {n}", "status": status, "severity": "low", "fingerprint": f"{n}"} for n in range(ALERTS)
    ]
    body = json.dumps({"alerts": alerts}, separators=(",", ":")).encode()
    began = time.perf_counter()
    async with session.post("/alerts/generic", data=body, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        if answer.status != 202:
            raise RuntimeError(f"{answer.status}: {await answer.text()}")
    return (time.perf_counter() - began) * 1000


@asynccontextmanager
async def _asking(url: str) -> AsyncIterator[list[float]]:
    """Request `/healthz` continuously while the block runs; yields each answer's milliseconds."""
    answers: list[float] = []

    async def ask() -> None:
        async with aiohttp.ClientSession(url, trust_env=False) as session:
            while True:
                began = time.perf_counter()
                async with session.get("/healthz") as answer:
                    await answer.read()
                answers.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(LOOK_EVERY_S)

    asking = asyncio.create_task(ask())
    try:
        yield answers
    finally:
        asking.cancel()
        await asyncio.wait([asking])
