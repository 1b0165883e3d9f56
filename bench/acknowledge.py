"""How long Slack waits for the acknowledgement of commands when everybody declares at once."""

import asyncio
from pathlib import Path

from bench.machine import machine
from bench.stage import Transport, stage
from bench.table import Spread, Table, met, ms

AT_ONCE = 40
ROUNDS = 3
LATENCY_MS = 100
GOAL_MS = 500
DECLARERS = ("ada", "ben", "cleo", "dev", "eve", "finn")
NAMES: dict[Transport, str] = {"http": "HTTP", "socket": "Socket Mode"}
HOW = (
    f"From sending `/incident declare` to its acknowledgement: {AT_ONCE} declarations at the same moment, {ROUNDS} "
    f"times. Every call to Slack takes {LATENCY_MS} ms. Slack gives up after 3,000 ms. "
    f"Goal: every single one within {GOAL_MS} ms."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = [_row(NAMES[transport], await _latencies(scratch, transport)) for transport in NAMES]
    columns = ("over", "commands", "median", "p99", "longest", "goal", "met")
    return Table("acknowledge", "the acknowledgement of commands under load", HOW, on, columns, rows)


async def _latencies(scratch: Path, transport: Transport) -> Spread:
    taken: list[float] = []
    async with stage(scratch) as scene, scene.bot(home=transport, transport=transport) as bot:
        scene.workspace.faults.slow_down(LATENCY_MS)
        for number in range(ROUNDS):
            people = [scene.workspace.person(DECLARERS[one % len(DECLARERS)]) for one in range(AT_ONCE)]
            said = [f"/incident declare P1 Report {number}.{one}" for one in range(AT_ONCE)]
            answers = await asyncio.gather(*(who.types(text) for who, text in zip(people, said, strict=True)))
            taken += [answer.latency_ms for answer in answers]
            await bot.settled()
    return Spread(taken)


def _row(over: str, spread: Spread) -> tuple[str, ...]:
    figures = (ms(spread.median), ms(spread.p99), ms(spread.longest))
    return over, str(len(spread.durations_ms)), *figures, f"≤ {GOAL_MS} ms", met(spread.longest <= GOAL_MS)
