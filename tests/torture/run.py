"""A torture run: three processes, people using them, and everything that breaks meanwhile."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence

from tests.torture.database import BrokenDatabase
from tests.torture.people import People
from tests.torture.plan import PROCESSES, Event, Kind
from tests.torture.records import unfinished
from tests.torture.scene import Run
from tests.torture.troubles import Troubles

CALM_WITHIN_S = 240.0
LOOK_EVERY_S = 0.25


class Torturer:
    """Executes the plan; a process that exited for any reason is restarted at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._troubles = troubles = Troubles(run)
        broken = BrokenDatabase(run)
        people = People(run)
        self._deeds: Mapping[Kind, Callable[[Event], Coroutine[None, None, None]]] = {
            "declare": people.declare,
            "alert": people.alert,
            "person": people.act,
            "kill": troubles.kill,
            "freeze": troubles.freeze,
            "slack": troubles.trouble_slack,
            "slack away": troubles.take_slack_away,
            "mail": troubles.trouble_mail,
            "hang": troubles.let_hang,
            "database": broken.break_down,
            "slow database": broken.hold_up,
            "clock": broken.set_clock,
            "runbook": troubles.change_runbook,
        }

    async def play(self, plan: Sequence[Event]) -> None:
        """Runs to the end of the plan, and then until nothing is left to do."""
        keeper = asyncio.create_task(self._keep_alive())
        try:
            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for event in plan:
                    await asyncio.sleep(max(0.0, began + event.at_s - time.monotonic()))
                    group.create_task(self._deeds[event.kind](event))
            self._troubles.end()
            await self._until_calm()
        finally:
            keeper.cancel()

    async def _until_calm(self) -> None:
        deadline = time.monotonic() + CALM_WITHIN_S
        while left := await unfinished(self._run.server.url):
            if time.monotonic() > deadline:
                self._run.objections.append(f"not finished {CALM_WITHIN_S:.0f} s after the last trouble: {left}")
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_alive(self) -> None:
        fleet = self._run.fleet
        while True:
            running = [one for one in fleet.replicas if one.is_running]
            for _ in range(PROCESSES - len(running)):
                await fleet.launch()
                self._run.counts["starts"] += 1
            await asyncio.sleep(LOOK_EVERY_S)
