"""How much memory the bot and its database use."""

import asyncio
from pathlib import Path

import psutil

from bench.machine import machine
from bench.stage import Bot, Stage, stage
from bench.table import Table

INCIDENTS = 200
AT_ONCE = 10
HOW = (
    f"Resident memory after the first incident, and after {INCIDENTS} more have been declared, paged and given their "
    "rooms, all of them open. PostgreSQL's is the sum of its processes, with shared memory counted once (PSS)."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with stage(scratch) as scene, scene.bot() as bot:
        before = _row("after the start", scene, bot)
        await _declare(scene, bot)
        after = _row(f"after {INCIDENTS} incidents", scene, bot)
    columns = ("when", "rooms in Slack", "bot", "PostgreSQL", "processes of PostgreSQL")
    return Table("memory", "resident memory", HOW, on, columns, (before, after))


async def _declare(scene: Stage, bot: Bot) -> None:
    eve = scene.workspace.person("eve")
    for begin in range(0, INCIDENTS, AT_ONCE):
        numbers = range(begin, begin + AT_ONCE)
        await asyncio.gather(*(eve.types(f"/incident declare P1 Report {number}") for number in numbers))
        await bot.settled()


def _row(when: str, scene: Stage, bot: Bot) -> tuple[str, ...]:
    rooms = [one for one in scene.workspace.conversations if one.name.startswith("inc-")]
    process = psutil.Process(bot.process.pid)
    servers = [child for child in process.children(recursive=True) if child.name() == "postgres"]
    shared_out = sum(server.memory_full_info().pss for server in servers)
    return when, str(len(rooms)), _mib(process.memory_info().rss), _mib(shared_out), str(len(servers))


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
