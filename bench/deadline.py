"""How late pages leave."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from bench.armed import Rooms, arm, due_times, rooms
from bench.machine import machine
from bench.stage import Bot, Stage, stage
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.sandbox.model import Json

DUE = 1000
ARMED_BESIDE = 9000
IN_A_WHILE = timedelta(hours=1)
LATENCY_MS = 100
SPREADS_S = (60, 20, 1)
# Below this, the result only shows the machine's throughput.
LONG_ENOUGH_S = 20
BEGIN_AFTER = timedelta(seconds=3)
GOAL_MEDIAN_MS, GOAL_P99_MS = 20, 250
TIMEOUT_S = 150
HOW = (
    f"{DUE:,} incidents that nobody has acknowledged, the second step of each due at its own instant: from that "
    "instant until the page's `chat.postMessage` reaches Slack. Each step also posts in the room, edits the card and "
    f"invites. Every call to Slack takes {LATENCY_MS} ms."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    async with stage(scratch) as scene, scene.bot() as bot:
        for spread_s in SPREADS_S:
            rows.append(_row(DUE, spread_s, await lateness(scene, bot, f"spread-{spread_s}", spread_s)))
            await bot.settled()
        later = Clock().machine_now() + IN_A_WHILE
        names = [f"later-{number}" for number in range(ARMED_BESIDE)]
        await arm(bot.conn, Rooms(names, names, names), later - IN_A_WHILE, [later] * ARMED_BESIDE)
        spread_s = SPREADS_S[0]
        rows.append(_row(DUE + ARMED_BESIDE, spread_s, await lateness(scene, bot, "among-many", spread_s)))
        await bot.settled()
    columns = ("armed", "due within", "median", "p99", "longest", "goal", "met")
    return Table("deadline", "from the deadline to the request at the provider", HOW, on, columns, rows)


async def lateness(scene: Stage, bot: Bot, name: str, spread_s: int, count: int = DUE) -> Spread:
    """How late each incident's page was: from its due time to the arrival of its call at Slack."""
    clock = Clock()
    arrived: dict[int, datetime] = {}
    everybody = asyncio.Event()

    def look(arguments: Json) -> bool:
        """Record the arrival of a call. Returns True, so that every call is delayed before Slack carries it out."""
        key = ((arguments.get("metadata") or {}).get("event_payload") or {}).get("key", "")
        if key.startswith("page:") and "ts" not in arguments:
            arrived.setdefault(int(key.removeprefix("page:").partition(".")[0]), clock.machine_now())
            if len(arrived) == count:
                everybody.set()
        return True

    scene.workspace.faults.hang("*", LATENCY_MS / 1000, times=None, when=look)
    where = rooms(scene.workspace, count, name)
    now = clock.machine_now()
    due_at = [now + BEGIN_AFTER + timedelta(seconds=spread_s * number / count) for number in range(count)]
    ids = await arm(bot.conn, where, now, due_at)
    async with asyncio.timeout(TIMEOUT_S):
        await everybody.wait()
    scene.workspace.faults.clear()
    due = await due_times(bot.conn, ids)
    return Spread([(at - due[page]).total_seconds() * 1000 for page, at in arrived.items()])


def _row(armed: int, spread_s: int, late: Spread) -> tuple[str, ...]:
    figures = (f"{armed:,}", f"{spread_s} s", ms(late.median), ms(late.p99), ms(late.longest))
    if spread_s < LONG_ENOUGH_S:
        return *figures, "", ""
    is_met = late.median <= GOAL_MEDIAN_MS and late.p99 <= GOAL_P99_MS
    return *figures, f"median ≤ {GOAL_MEDIAN_MS} ms, p99 ≤ {GOAL_P99_MS} ms", met(is_met)
