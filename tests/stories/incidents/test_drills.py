"""Drills and private incidents."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.stories.asking import ask, asked
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


async def test_every_post_of_a_drill_begins_with_drill_and_goes_through_slack_only(new_world: NewWorld) -> None:
    by_mail = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, email]}") + "after_resolution: {watch_for: 2h}\n"
    async with new_world(runbook=by_mail, SMTP_URL="smtp://127.0.0.1:9", MAIL_FROM="tocsin@example.com") as world:
        await world.eve.types("/incident drill P1 Database lost", "#general")
        await world.settled()

        posts = world.posts()
        assert next(place for place, _ in posts) == "ada"
        assert all(headline.startswith("DRILL") for _, headline in posts)
        assert "by email" not in words_of(world.card())
        assert world.workspace.mailbox.items == []
        world.nothing_else_was_sent()

        await world.passes(minutes=50)
        await ask(world, "eve", "/incident resolve INC-1 It was only a drill")
        await world.passes(hours=4)
        said = [one for room in world.workspace.conversations for one in room.messages if one.by_bot]
        assert [one.text for one in said if not one.ephemeral_for and not one.text.startswith("DRILL")] == []


async def test_a_private_incident_is_announced_nowhere_and_its_room_name_reveals_nothing(world: World) -> None:
    await world.eve.types("/incident private P1 Data breach at customer X", "#general")
    await world.settled()

    posts = world.posts()
    assert "#incidents" not in [place for place, _ in posts]
    room = next(one for one in world.workspace.conversations if one.kind == "private")
    assert room.name == "inc-2026-08-06-inc-1"
    assert "breach" not in room.topic
    world.nothing_else_was_sent()


REFUSED = (
    "/incident status dancing",
    "/incident severity P2",
    "/incident lead @ben",
    "/incident role juggler @ben",
    "/incident tell",
    "/incident reopen",
    "/escalate snooze nonsense",
    "/escalate ack",
    "/incident acknowledge",
)
REFUSED_AFTERWARDS = ("/incident resolve", "/incident update x", "/incident lead", "/escalate", "/escalate lead why")


async def test_a_refusal_about_a_drill_begins_with_drill(world: World) -> None:
    await ask(world, "ben", "/incident drill P1 Payments failing")
    room = world.workspace.channel(world.room())
    await ask(world, "ben", "/incident lead", room)
    for typed in REFUSED:
        assert (await ask(world, "ben", typed, room)).startswith("DRILL: "), typed
    await ask(world, "ben", "/incident resolve", room)
    for typed in REFUSED_AFTERWARDS:
        said = await ask(world, "ben", typed, room)
        assert said.startswith("DRILL: ") and said.count("DRILL") == 1, typed


@pytest.mark.parametrize("verb", ["update", "severity", "status", "note", "impact", "role"])
async def test_the_forms_and_choices_of_a_drill_begin_with_drill(world: World, verb: str) -> None:
    await ask(world, "eve", "/incident drill P1 Payments failing")
    question = (await asked(world, "eve", f"/incident {verb}")).messages[-1]
    await world.eve.presses("DRILL INC-1 P1 Payments failing", question)
    await world.settled()
    assert world.eve.modal().title.startswith("DRILL ")
