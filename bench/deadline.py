"""How long after its time a page leaves."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from bench.armed import arm, due_times, rooms
from bench.machine import machine
from bench.stage import Bot, Stage, stage
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.sandbox.changes import Change

ARMED = 1000
LATENCY_MS = 100
SPREADS_S = (20, 1)
BEGIN_AFTER = timedelta(seconds=3)
GOAL_MEDIAN_MS, GOAL_P99_MS = 20, 250
PATIENCE_S = 90
HOW = (
    f"{ARMED:,} incidents nobody has answered, the second step of each due at its own instant: from that instant to "
    "the arrival of the page's `chat.postMessage` at Slack. Each step also posts in the room, edits the card and "
    f"invites. Every call to Slack takes {LATENCY_MS} ms."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    async with stage(scratch) as scene, scene.bot() as bot:
        scene.workspace.faults.slow_down(LATENCY_MS)
        for spread_s in SPREADS_S:
            rows.append(_row(spread_s, await _lateness(scene, bot, spread_s)))
            await bot.settled()
    columns = ("due within", "median", "p99", "longest", "goal", "met")
    return Table("deadline", "from the deadline to the request at the provider", HOW, on, columns, rows)


async def _lateness(scene: Stage, bot: Bot, spread_s: int) -> Spread:
    clock = Clock()
    arrived: dict[int, datetime] = {}
    everybody = asyncio.Event()

    def look(change: Change) -> None:
        if change.kind == "message" and change.channel and change.channel.kind == "im" and change.message:
            key = (change.message.metadata or {})["event_payload"]["key"]
            # Slack takes its time before it carries a call out.
            arrived[int(key.removeprefix("page:"))] = clock.machine_now() - timedelta(milliseconds=LATENCY_MS)
            if len(arrived) == ARMED:
                everybody.set()

    where = rooms(scene.workspace, ARMED, f"spread-{spread_s}")
    stop = scene.workspace.changes.listen(look)
    now = clock.machine_now()
    due_at = [now + BEGIN_AFTER + timedelta(seconds=spread_s * number / ARMED) for number in range(ARMED)]
    ids = await arm(bot.conn, where, now, due_at)
    async with asyncio.timeout(PATIENCE_S):
        await everybody.wait()
    stop()
    due = await due_times(bot.conn, ids)
    return Spread([(at - due[page]).total_seconds() * 1000 for page, at in arrived.items()])


def _row(spread_s: int, late: Spread) -> tuple[str, ...]:
    figures = (f"{spread_s} s", ms(late.median), ms(late.p99), ms(late.longest))
    if spread_s != SPREADS_S[0]:
        return *figures, "", ""
    is_met = late.median <= GOAL_MEDIAN_MS and late.p99 <= GOAL_P99_MS
    return *figures, f"median ≤ {GOAL_MEDIAN_MS} ms, p99 ≤ {GOAL_P99_MS} ms", met(is_met)
