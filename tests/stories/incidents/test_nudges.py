"""Nudges in the room of an open incident: for a lead, for news, for the impact, for the resolution."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.sandbox.model import Message
from tests.stories.asking import ask, declared
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
WATCHING = RUNBOOK + "after_resolution: {watch_for: 2h}\n"


def headlines(world: World) -> list[str]:
    return [nudge.text.split("*")[1] for nudge in world.nudges()]


def labels(message: Message) -> list[str]:
    blocks = message.blocks or []
    return [one["text"]["text"] for block in blocks for one in block.get("elements", ()) if one.get("type") == "button"]


async def test_the_room_is_asked_for_a_lead_after_five_minutes_and_once_more(world: World) -> None:
    await declared(world, "P3 Slow reports")
    await world.passes(minutes=4, seconds=59)
    assert headlines(world) == []
    await world.passes(seconds=1)
    assert headlines(world) == ["Nobody leads INC-1."]
    assert labels(world.nudges()[0]) == ["I'll lead", "Snooze 15 min", "Snooze 30 min"]
    await world.passes(minutes=15)
    assert headlines(world) == ["Nobody leads INC-1."] * 2
    assert labels(world.nudges()[0]) == [], "it is asked again below"
    await world.passes(hours=5)
    assert headlines(world) == ["Nobody leads INC-1."] * 2


async def test_taking_the_lead_from_the_nudge_ends_the_nudges(world: World) -> None:
    await declared(world, "P3 Slow reports")
    await world.passes(minutes=5)
    await world.ben.presses("I'll lead", world.nudges()[0])
    await world.settled()
    (answered,) = world.nudges()
    assert "Ben Moss leads INC-1" in answered.text and labels(answered) == []
    await world.passes(hours=5)
    assert len(world.nudges()) == 1


async def test_a_room_with_a_lead_is_not_asked_for_one(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident lead", room)
    await world.passes(hours=5)
    assert headlines(world) == []


async def test_a_snoozed_nudge_is_posted_once_more_when_the_snooze_ends(world: World) -> None:
    await declared(world, "P3 Slow reports")
    await world.passes(minutes=20)
    await world.passes(minutes=15)
    assert len(headlines(world)) == 2
    answer = await world.ben.presses("Snooze 30 min", world.nudges()[-1])
    await world.settled()
    assert "Snoozed" in answer.text
    await world.passes(minutes=29, seconds=59)
    assert len(headlines(world)) == 2
    await world.passes(seconds=1)
    assert len(headlines(world)) == 3
    await world.passes(hours=5)
    assert len(headlines(world)) == 3


async def test_a_user_facing_incident_is_nudged_after_ten_minutes_without_news(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident lead", room)
    await world.passes(minutes=8)
    await ask(world, "ada", "/incident note looking at the gateway", room)
    await world.passes(minutes=9, seconds=59)
    assert headlines(world) == []
    await world.passes(seconds=1)
    assert [one[:13] for one in headlines(world)] == ["No word since"]
    assert "Post update" in labels(world.nudges()[0])
    await ask(world, "ada", "/incident update the gateway drops packets", room)
    assert labels(world.nudges()[0]) == [] and "INC-1 was updated" in world.nudges()[0].text


async def test_a_user_facing_incident_is_asked_for_its_impact_once_after_half_an_hour(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident lead", room)
    await world.passes(minutes=30)
    asked = [one for one in world.nudges() if "What do users notice?" in one.text]
    assert len(asked) == 1
    await world.ada.presses("Describe impact", asked[0])
    await world.settled()
    await world.ada.submits(values={"impact": "payments fail"})
    await world.settled()
    assert "payments fail" in world.card().text or any("payments fail" in str(one) for one in world.card().blocks or [])


async def test_the_room_is_asked_after_a_day_whether_the_incident_still_goes_on(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident lead", room)
    for _ in range(5):
        await world.passes(days=1)
    assert [one[:24] for one in headlines(world)] == ["INC-1 has been open for "] * 3
    assert "Resolve" in labels(world.nudges()[-1])


async def test_the_room_is_asked_to_resolve_after_monitoring_for_as_long_as_the_runbook_watches(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=WATCHING) as world:
        room = await declared(world, "P3 Slow reports")
        await ask(world, "ada", "/incident lead", room)
        await ask(world, "ada", "/incident status monitoring", room)
        await world.passes(hours=2)
        assert headlines(world) == ["INC-1 is still monitoring."]


async def test_nudges_stop_at_the_resolution_and_start_again_at_a_reopening(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident resolve fixed", room)
    await world.passes(days=3)
    assert headlines(world) == []
    await ask(world, "ada", "/incident reopen it is back", room)
    await world.passes(minutes=10)
    assert "Nobody leads INC-1." in headlines(world)


async def test_snoozing_a_nudge_of_a_resolved_incident_is_refused(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await world.passes(minutes=5)
    await ask(world, "ada", "/incident resolve fixed", room)
    assert labels(world.nudges()[0]) == []
    with pytest.raises(Refused, match="resolved"):
        await world.house.nudges.snooze(Actor("ben", world.ben.id), 1, "lead", timedelta(minutes=15))
    await world.passes(minutes=15)
    assert len(world.nudges()) == 1
