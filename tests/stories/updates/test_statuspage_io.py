"""A page at statuspage.io follows an incident from its first words to its end, also when their API is in trouble."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.sandbox.statuspage import Fault, SimulatedStatuspage
from tests.stories.updates.test_stakeholder_updates import card, declared, does, told, updating
from tests.world import BEGINNING, RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

PAGE = "\naudiences: {page: {statuspage: {page: abc123, components: [web]}, automatic: true}}\n"


@pytest.fixture
async def there() -> AsyncIterator[SimulatedStatuspage]:
    async with SimulatedStatuspage(lambda: BEGINNING).serving() as one:
        one.components["web"] = "operational"
        yield one


@pytest.fixture
async def town(new_world: NewWorld, there: SimulatedStatuspage) -> AsyncIterator[World]:
    async with new_world(runbook=updating(RUNBOOK, "page", PAGE), **there.environ) as world:
        yield world


def shown(there: SimulatedStatuspage) -> list[str]:
    """What readers see of the one incident there is, oldest first."""
    (incident,) = there.incidents
    return [one["status"] for one in reversed(incident["incident_updates"])]


async def lives(world: World) -> None:
    """An incident from its declaration to its end; what fails is tried again before the next change."""
    await declared(world)
    for command in ("status identified", "resolve Rolled back", "note Done"):
        for _ in range(3):
            await world.passes(seconds=65)
        await does(world, "ada", f"/incident {command}")


async def test_the_page_follows_the_incident_and_its_components(town: World, there: SimulatedStatuspage) -> None:
    await declared(town)
    assert there.components["web"] == "major_outage"
    await lives_on(town)

    assert shown(there) == ["investigating", "identified", "resolved"]
    assert there.components["web"] == "operational"
    assert len(await told(town)) == 3
    assert "Sent to *page* by statuspage.io (abc123)" in words_of(card(town, "page"))


async def lives_on(world: World) -> None:
    await does(world, "ada", "/incident status identified")
    await does(world, "ada", "/incident resolve Rolled back")


TROUBLES = {
    "answers are lost": [Fault(is_done=True), Fault(is_done=True), Fault(is_done=True)],
    "done and 502": [Fault(502, is_done=True), Fault(502), Fault(500, is_done=True)],
    "limited": [Fault(420), Fault(429, {"Retry-After": "40"}), Fault(429)],
    "lost, limited, broken": [Fault(is_done=True), Fault(429), Fault(500), Fault(is_done=True), Fault(503)],
    "nobody can look": [Fault(502, writes=False), Fault(is_done=True), Fault(502, writes=False), Fault(420)],
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_their_api_does_there_is_one_incident_and_it_is_right_at_the_end(
    town: World, there: SimulatedStatuspage, trouble: str
) -> None:
    there.faults.extend(TROUBLES[trouble])
    await lives(town)

    assert shown(there) == ["investigating", "identified", "resolved"]
    assert there.components["web"] == "operational"
    assert not there.faults
    assert len(await told(town)) == 3


async def test_what_they_refuse_is_said_in_the_room_and_not_tried_again(
    town: World, there: SimulatedStatuspage
) -> None:
    there.unknown = {"abc123"}
    await declared(town)
    asked = len(there.asked)
    await town.passes(minutes=5)

    assert len(there.asked) == asked
    assert "404 Record not found" in words_of(card(town, "page"))
    assert await told(town) == []
    warnings = [said for said in town.said_in(town.room()) if said.startswith("⚠ *Not sent to page by statuspage.io*")]
    assert len(warnings) == 1
    assert "404 Record not found" in warnings[0]
    # Nobody leads yet, so it is whoever has declared it.
    assert f"<@{town.ada.id}>" in warnings[0]
