"""Planned work on statuspage.io from its notice to its end, even while their API fails."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.clock import Clock
from bot.sandbox.statuspage import Fault, SimulatedStatuspage
from tests.stories.asking import ask
from tests.stories.maintenance.test_windows import card, presses
from tests.stories.updates.test_stakeholder_updates import updating
from tests.world import BEGINNING, RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
PAGE = "\naudiences: {page: {statuspage: {page: abc123, components: [web]}, automatic: true}}\n"
PLAN = "/incident maintenance Database upgrade at {} for 2h"


@pytest.fixture
async def there() -> AsyncIterator[SimulatedStatuspage]:
    clock = Clock()
    clock.freeze(BEGINNING)
    async with SimulatedStatuspage(clock.now).serving() as one:
        one.components["web"] = "operational"
        yield one


@pytest.fixture
async def world(new_world: NewWorld, there: SimulatedStatuspage) -> AsyncIterator[World]:
    async with new_world(runbook=updating(RUNBOOK, "page", PAGE), **there.environ) as world:
        yield world


def shown(there: SimulatedStatuspage) -> list[str]:
    """What readers see of the only maintenance, oldest first."""
    (one,) = there.incidents
    return [said["status"] for said in reversed(one["incident_updates"])]


async def passes(world: World, hours: int) -> None:
    """Lets time pass, so that failed requests are retried."""
    await world.passes(hours=hours)
    for _ in range(4):
        await world.passes(seconds=65)


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Fault(is_done=True), Fault(429), Fault(502, is_done=True), Fault(420), Fault(503), Fault(is_done=True)],
        [Fault(502, writes=False), Fault(is_done=True), Fault(500, writes=False), Fault(429, {"Retry-After": "40"})],
    ],
    ids=["no trouble", "lost, limited, broken", "nobody can look"],
)
async def test_whatever_statuspage_does_there_is_one_maintenance_and_it_ends_up_correct(
    world: World, there: SimulatedStatuspage, faults: list[Fault]
) -> None:
    await ask(world, "ada", PLAN.format("in 4h"))
    await passes(world, 0)
    there.faults.extend(faults)
    async with world.joined():
        await passes(world, 4)
        assert there.components["web"] == "under_maintenance"
        await presses(world, "ada", "Extend 30 min", card(world))
        await passes(world, 0)
        await presses(world, "ada", "Done", card(world))
        await passes(world, 0)

    assert shown(there) == ["scheduled", "in_progress", "in_progress", "completed"]
    assert there.components["web"] == "operational" and not there.faults
    assert "sent to 1 of 1 address" in words_of(card(world))
