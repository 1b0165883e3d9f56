"""The milestones started, detected, acknowledged, mitigated and resolved: automatic, corrected, after a reopening."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.sandbox.model import Channel
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.stories.asking import ask, asked, declared, notes, told
from tests.stories.records.test_records import TOKEN as API_TOKEN
from tests.stories.records.test_records import shown
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, API_TOKEN=API_TOKEN, ALERTS_TOKEN=TOKEN) as world:
        yield world


async def times(world: World) -> dict[str, Any]:
    """The milestones of INC-1 from the API, by name, as HH:MM:SS in UTC; empty if not reached."""
    read = await shown(world)
    names = ("started", "detected", "acknowledged", "mitigated", "resolved")
    return {name: (read[f"{name}_at"] or "")[11:19] for name in names}


async def test_milestones_are_recorded_automatically_and_a_reopening_clears_mitigation_and_resolution(
    town: World,
) -> None:
    room = await declared(town)
    await town.passes(minutes=5)
    await ask(town, "ada", "/escalate ack", room)
    await town.passes(minutes=5)
    await ask(town, "ada", "/incident status monitoring", room)
    await town.passes(minutes=5)
    await ask(town, "ada", "/incident status investigating", room)
    await ask(town, "ada", "/incident status monitoring", room)
    assert (await times(town))["mitigated"] == "14:10:00"
    await town.passes(minutes=5)
    await ask(town, "ada", "/incident resolve", room)
    assert await times(town) == {
        "started": "14:00:00", "detected": "14:00:00", "acknowledged": "14:05:00", "mitigated": "14:10:00",
        "resolved": "14:20:00",
    }  # fmt: skip
    assert "*Mitigated*" in words_of(town.card())

    await town.passes(minutes=10)
    await ask(town, "ada", "/incident reopen It is back", room)
    assert ((await times(town))["mitigated"], (await times(town))["resolved"]) == ("", "")
    listed = await ask(town, "ada", "/incident times", room)
    assert "*Acknowledged* <!date^1786025100^" in listed and "*Mitigated* not yet" in listed
    await town.passes(minutes=10)
    # A mitigation before the reopening doesn't count, since the problem came back.
    assert "reopened (15:30 BST)" in await ask(town, "ada", "/incident mitigated 15:10", room)
    assert (await times(town))["mitigated"] == ""
    await ask(town, "ada", "/incident mitigated 15:35", room)
    assert (await times(town))["mitigated"] == "14:35:00"
    await ask(town, "ada", "/incident mitigated 15:40", room)
    await ask(town, "ada", "/incident resolve", room)
    assert ((await times(town))["mitigated"], (await times(town))["resolved"]) == ("14:40:00", "14:40:00")


async def test_correcting_a_milestone_records_the_old_value_and_the_reason_in_the_timeline(town: World) -> None:
    room = await declared(town)
    await town.passes(minutes=30)
    answer = await ask(town, "ada", "/incident started 14:40 first errors in the log", room)
    assert "*Started*" in answer and "(corrected)" in answer
    await ask(town, "ben", "/incident detected 20 minutes ago INC", room)
    assert "declared" in await ask(town, "ben", "/incident detected 15:01", room)
    assert "detected" in await ask(town, "ben", "/incident started 10 minutes ago", room)
    await ask(town, "ben", "/incident detected 14:50 a customer called", room)
    assert await times(town) | {"started": "13:40:00", "detected": "13:50:00"} == await times(town)
    assert await notes(town) == [
        "started: 14:40 BST instead of 15:00 BST (first errors in the log)",
        "detected: 14:50 BST instead of 15:00 BST (a customer called)",
    ]
    await ask(town, "ben", "/incident mitigated", room)
    await town.passes(minutes=1)
    assert "15:30" in await ask(town, "ben", "/incident mitigated", room)
    assert (await times(town))["mitigated"] == "14:30:00"
    await ask(town, "ben", "/incident mitigated 15:20", room)
    assert (await notes(town))[-1] == "mitigated: 15:20 BST instead of 15:30 BST"
    assert "can't read a time" in await ask(town, "ben", "/incident started earlier", room)


async def test_setting_a_milestone_not_reached_yet_records_no_old_value(town: World) -> None:
    room = await declared(town)
    await town.passes(minutes=30)
    await ask(town, "ada", "/incident mitigated 15:20 the graphs are flat", room)
    assert await notes(town) == ["mitigated: 15:20 BST (the graphs are flat)"]


async def test_the_form_for_milestones_changes_only_the_fields_that_were_edited(town: World) -> None:
    room = await declared(town)
    await town.passes(minutes=30)
    await press_correct(town, "ada", room)
    await ask(town, "ben", "/incident detected 14:50", room)
    await town.ada.submits(values={"started": "2026-08-06 14:30", "why": "graphs"})
    await town.settled()
    assert await times(town) | {"started": "13:30:00", "detected": "13:50:00"} == await times(town)
    assert (await notes(town))[-1] == "started: 14:30 BST instead of 14:50 BST (graphs)"

    await press_correct(town, "ada", room)
    await town.ada.submits(values={"started": "", "detected": ""})
    await town.settled()
    assert await times(town) | {"started": "14:00:00", "detected": "14:00:00"} == await times(town)


async def press_correct(world: World, who: str, room: Channel) -> None:
    answer = await asked(world, who, "/incident times", room)
    assert "*Declared*" in told(answer)
    await world.workspace.person(who).presses("Correct times", answer.messages[0])
    await world.settled()


async def test_the_first_alert_sets_the_detection_time_even_if_it_is_attached_later(town: World) -> None:
    async with watched(town) as monitoring:
        await monitoring.fires(alert("Latency"))
        await town.passes(minutes=7)
        room = await declared(town)
        await town.passes(minutes=1)
        await town.ada.presses("Attach", monitoring.card)
        await town.settled()
        await town.ada.submits()
        await town.settled()
        assert await times(town) | {"started": "14:00:00", "detected": "14:00:00"} == await times(town)
        assert "(its first alert)" in await ask(town, "ada", "/incident times", room)
        await monitoring.fires(alert("DatabaseDown"))
        assert (await shown(town, "INC-2"))["detected_at"] == (await shown(town, "INC-2"))["declared_at"]
