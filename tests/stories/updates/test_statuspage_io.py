"""A page at statuspage.io follows an incident from its first update to its resolution, even if the API fails."""

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
    """The updates that readers see of the only incident, oldest first."""
    (incident,) = there.incidents
    return [one["status"] for one in reversed(incident["incident_updates"])]


async def lives(world: World) -> None:
    """Take an incident from its declaration to its resolution, with time for retries before each change."""
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
    "responses are lost": [Fault(is_done=True), Fault(is_done=True), Fault(is_done=True)],
    "done and 502": [Fault(502, is_done=True), Fault(502), Fault(500, is_done=True)],
    "limited": [Fault(420), Fault(429, {"Retry-After": "40"}), Fault(429)],
    "lost, limited, broken": [Fault(is_done=True), Fault(429), Fault(500), Fault(is_done=True), Fault(503)],
    "the search fails": [Fault(502, writes=False), Fault(is_done=True), Fault(502, writes=False), Fault(420)],
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_statuspage_ends_up_with_one_correct_incident_however_its_api_fails(
    town: World, there: SimulatedStatuspage, trouble: str
) -> None:
    there.faults.extend(TROUBLES[trouble])
    await lives(town)

    assert shown(there) == ["investigating", "identified", "resolved"]
    assert there.components["web"] == "operational"
    assert not there.faults
    assert len(await told(town)) == 3


async def test_a_refusal_by_statuspage_is_reported_in_the_room_and_not_retried(
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
    # There is no lead yet, so the person who declared it is mentioned.
    assert f"<@{town.ada.id}>" in warnings[0]
