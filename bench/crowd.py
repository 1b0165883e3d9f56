"""How much slower commands are answered while many incidents are open."""

import asyncio
import time
from pathlib import Path

from bench.machine import machine
from bench.stage import Stage, stage
from bench.table import Spread, Table, met, ms

OPEN, ROUNDS = 30, 15
MOST = 1.5
LOOK_EVERY_S = 0.001
TIMEOUT_S = 30.0
COMMANDS = (
    "/incident", "/incident list", "/incident show INC-1", "/incident timeline INC-1", "/escalate oncall",
    "/escalate simulate P1", "/health", "/backup", "/incident stats", "/health silences",
)  # fmt: skip
HOW = (
    f"From sending a command, typed outside any incident's channel, to its answer, {ROUNDS} times each: with nothing "
    f"but one resolved incident, and with {OPEN} more open, each with its ladder. Medians. Goal: at most {MOST} times "
    "as long."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with stage(scratch) as scene, scene.bot(transport="http") as bot:
        await scene.workspace.person("eve").types("/incident resolve INC-1 It was nothing", "#general")
        await bot.settled()
        alone = [await _answered(scene, command) for command in COMMANDS]
        for number in range(OPEN):
            await scene.workspace.person("eve").types(f"/incident declare P2 Something else {number}")
            await bot.settled()
        crowded = [await _answered(scene, command) for command in COMMANDS]
    rows = [_row(*found) for found in zip(COMMANDS, alone, crowded, strict=True)]
    columns = ("command", "none open", f"{OPEN} open", "times", "goal", "met")
    return Table("crowd", f"commands with {OPEN} open incidents", HOW, on, columns, rows)


async def _answered(scene: Stage, command: str) -> Spread:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = await scene.workspace.person("eve").types(command, "#general")
        async with asyncio.timeout(TIMEOUT_S):
            while not answer.messages and not answer.error:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY_S)
        taken.append((time.perf_counter() - began) * 1000)
    return Spread(taken)


def _row(command: str, alone: Spread, crowded: Spread) -> tuple[str, ...]:
    times = crowded.median / alone.median
    return f"`{command}`", ms(alone.median), ms(crowded.median), f"{times:.2f}", f"≤ {MOST}", met(times <= MOST)
