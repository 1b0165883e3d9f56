"""How long the bot takes from its start until it is ready."""

import statistics
from pathlib import Path

from bench.machine import machine
from bench.stage import Stage, stage
from bench.table import Table, ms

TIMES = 5
HOW = (
    "From the start of the process `tocsin run` to the first `/readyz` with 200: PostgreSQL is up, the schema is "
    f"there, Socket Mode is connected. {TIMES} times each. The first start of a home creates the database."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    first, later = [], []
    async with stage(scratch) as scene:
        for number in range(TIMES):
            first.append(await _started(scene, f"home-{number}"))
            later.append(await _started(scene, f"home-{number}"))
    rows = [_row("first", first), _row("later", later)]
    return Table("start", "from the start of the process to ready", HOW, on, ("start", "median", "longest"), rows)


async def _started(scene: Stage, home: str) -> float:
    async with scene.started(home=home) as bot:
        return await bot.until_ready()


def _row(which: str, taken: list[float]) -> tuple[str, ...]:
    return which, ms(statistics.median(taken)), ms(max(taken))
