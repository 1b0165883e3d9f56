"""How many due steps are claimed per second when far too many are due."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from bench.armed import Rooms, arm, due_times
from bench.machine import machine
from bench.stage import HERE, look_into
from bench.table import Table, met
from bot.clock import Clock
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.migrations import migrate

DUE = 10_000
SECONDS = 8.0
PROCESSES = (1, 2)
HOW = (
    f"{DUE:,} escalations are due at once; each process takes as many as it can in {SECONDS:.0f} s. Taking one is its "
    "whole transaction: the step claimed and decided, its page made, timeline, card, post and invitation put into the "
    "outbox. Nothing is sent. Goal: no step is taken twice."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    for processes in PROCESSES:
        taken, made = await _climbed(scratch / f"claims-{processes}", processes)
        rows.append(
            (str(processes), f"{taken:,}", f"{taken / SECONDS:,.0f}/s", f"{taken - made:,}", met(taken == made))
        )
    columns = ("processes", "steps taken", "throughput", "taken twice", "met")
    return Table("claims", "due steps taken in a second", HOW, on, columns, rows)


async def _climbed(home: Path, processes: int) -> tuple[int, int]:
    """How many steps the processes claimed by their own count, and how many pages that made."""
    server = EmbeddedPostgres(home)
    url = await server.start()
    try:
        await migrate(url)
        async with await look_into(url) as conn:
            now = Clock().machine_now()
            names = [f"room-{number}" for number in range(DUE)]
            ids = await arm(conn, Rooms(names, names, names), now, [now - timedelta(seconds=1)] * DUE)
            taken = sum(await _race(home, processes))
            return taken, len(await due_times(conn, ids))
    finally:
        await server.stop()


async def _race(home: Path, processes: int) -> list[int]:
    """Start all processes at the same moment; returns how many steps each claimed."""
    racers = [await _racer(home) for _ in range(processes)]
    for racer in racers:
        assert await _line(racer) == "ready"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write(b"go\n")
    taken = [int(await _line(racer)) for racer in racers]
    for racer in racers:
        await racer.wait()
    return taken


async def _racer(home: Path) -> asyncio.subprocess.Process:
    """A process of the bot on the running database of this home."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.climber", str(SECONDS), cwd=HERE.parent, stdin=pipe, stdout=pipe,
        env={"PATH": os.environ["PATH"], "TOCSIN_HOME": str(home)},
    )  # fmt: skip


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().strip()
