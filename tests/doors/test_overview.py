"""In a full sweep, only rounds look that have something due, cannot tell, or have never looked before."""

from datetime import datetime, timedelta

import pytest

from bot.clock import Clock
from bot.doors.rounds import Counted
from bot.doors.scheduler import Scheduler
from bot.services.upkeep.conditions import Conditions
from bot.services.upkeep.watchdog import Watchdog
from bot.store.due_rows import DueRows
from tests.world import World


class Looks:
    """A round that records being asked and finds nothing."""

    def __init__(self, due_rows: DueRows | None) -> None:
        self.due_rows = due_rows
        self.count = 0

    async def take_due(self) -> int:
        self.count += 1
        return 0

    async def next_due(self) -> datetime | None:
        return None


@pytest.mark.parametrize(("minutes", "is_due"), [(14, False), (15, True)])
async def test_only_rounds_with_something_due_or_that_cannot_tell_look(
    world: World, minutes: int, is_due: bool
) -> None:
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    house, clock = world.house, Clock()
    clock.freeze(world.clock.now() + timedelta(minutes=minutes))
    looks = {"ladders": Looks(house.ladders.due_rows), "idle": Looks(house.breaches.due_rows), "blind": Looks(None)}
    scheduler = Scheduler(
        house.db, clock, {name: Counted(one, clock) for name, one in looks.items()}, watchdog=Watchdog(),
        conditions=Conditions(house.duty, []), timekeeping=house.timekeeping, people=house.people,
        on_cancelled=house.departures.cancelled.note, sweep_every_s=3600,
    )  # fmt: skip

    scheduler.start()
    scheduler.wake()
    await world.workspace.until(lambda: all(one.count for one in looks.values()) and scheduler.is_quiet)
    before = {name: one.count for name, one in looks.items()}
    scheduler.wake()
    await world.workspace.until(lambda: looks["blind"].count > before["blind"] and scheduler.is_quiet)
    await scheduler.stop()

    assert {name: one.count > before[name] for name, one in looks.items()} == {
        "ladders": is_due,
        "idle": False,
        "blind": True,
    }
