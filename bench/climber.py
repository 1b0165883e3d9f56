"""A process of the bot that only claims due steps: `python -m bench.climber SECONDS`.

It prints `ready`, starts when it reads a line, and prints how many steps it claimed.
"""

import asyncio
import os
import sys
import time

from bench.stage import RUNBOOK
from bot.app import App
from bot.clock import Clock
from bot.runbook import load
from bot.settings import Settings


async def climb(seconds: float) -> None:
    app = App(Settings.from_environment(os.environ), load(RUNBOOK, {}), Clock())
    async with app.at_hand() as services:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        ends, taken = time.perf_counter() + seconds, 0
        while time.perf_counter() < ends and (claimed := await services.ladders.take_due()):
            taken += claimed
        print(taken, flush=True)


if __name__ == "__main__":
    asyncio.run(climb(float(sys.argv[1])))
