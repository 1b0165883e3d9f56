"""A drill with a scenario: its injects are posted in the room at their times, and its end brings a report."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.stories.asking import ask, asked
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
PROMISING = RUNBOOK.replace("user_facing: true", "user_facing: true\n    update_every: 15m", 1)
SCRIPT = """
title: Payments fail
script:
  - {at: +0, alert: {title: Payments fail, description: 14 % of them}}
  - {at: +3m, ben: acknowledges}
  - {at: +5m, inject: "Support: <the first> customers call"}
  - {at: +20m, away: mail}
  - {at: +2h, inject: The bank calls}
"""


def injects(world: World) -> list[str]:
    return [words.replace("*", "") for place, words in world.posts() if "(inject" in words]


async def test_injects_are_posted_at_their_times_and_the_end_of_the_drill_brings_a_report(
    new_world: NewWorld, tmp_path: Path
) -> None:
    (tmp_path / "payments.yml").write_text(SCRIPT)
    async with new_world(runbook=f"{PROMISING}scenarios: {tmp_path}\n") as world:
        told = await ask(world, "eve", "/incident drill P1 Friday exercise with payments")
        assert "payments: 4 injects come" in told
        room = world.workspace.channel(world.room())
        assert "friday-exercise" in room.name
        assert injects(world) == ["DRILL: 🎭 Monitoring fires: Payments fail: 14 % of them (inject 1 of 4)"]
        await world.passes(minutes=4, seconds=59)
        assert injects(world) == []
        async with world.joined():
            await world.passes(seconds=1)
        assert injects(world) == ["DRILL: 🎭 You hear: Support: &lt;the first&gt; customers call (inject 2 of 4)"]
        await world.passes(minutes=15)
        assert injects(world) == ["DRILL: 🎭 Pretend this is down: mail (inject 3 of 4)"]
        await ask(world, "ben", "/incident ack", room)
        world.posts()
        await asked(world, "ben", "/incident resolve", room)
        assert [words.split(": ")[0] for _, words in world.posts() if "How INC-1 went" in words] == ["DRILL"]
        (report,) = [one for one in world.said_in(room.id) if "How INC-1 went" in one]
        assert "Acknowledged after 20 min by <@U0BEN>." in report
        assert "Paged without an answer: <@U0ADA>" in report
        assert "Updates every 15 min: 0 of 1 in time; the longest wait was 20 min." in report
        assert "Injects: 3 of 4 came before the end." in report
        await world.passes(hours=3)
        assert injects(world) == []


async def test_resolving_a_drill_counts_as_acknowledging_it(world: World) -> None:
    await ask(world, "eve", "/incident drill P1 with nobody-answers")
    room = world.workspace.channel(world.room())
    await world.passes(minutes=3)
    await asked(world, "eve", "/incident resolve", room)
    (report,) = [one for one in world.said_in(room.id) if "How INC-1 went" in one]
    assert "Acknowledged after 3 min by <@U0EVE>." in report


async def test_an_unknown_scenario_is_refused_with_the_nearest_name_unless_it_is_just_a_title(world: World) -> None:
    refused = await ask(world, "eve", "/incident drill P1 Payments failing with nobody-answer")
    assert "Did you mean nobody-answers?" in refused
    await ask(world, "eve", "/incident drill P1 Trouble with payments")

    assert "INC-1" in await ask(world, "eve", "/incident list")
    assert "Trouble with payments" in await ask(world, "eve", "/incident show INC-1")
