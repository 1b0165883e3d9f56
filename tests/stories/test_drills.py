"""Drills and private incidents."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


async def test_every_text_of_a_drill_begins_with_drill_and_goes_through_slack_only(new_world: NewWorld) -> None:
    by_mail = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, email]}")
    async with new_world(runbook=by_mail, SMTP_URL="smtp://127.0.0.1:9", MAIL_FROM="tocsin@example.com") as world:
        await world.eve.types("/incident drill P1 Database lost", "#general")
        await world.settled()

        posts = world.posts()
        assert next(place for place, _ in posts) == "ada"
        assert all(headline.startswith("DRILL") for _, headline in posts)
        assert "by email" not in words_of(world.card())
        assert world.workspace.mailbox.items == []
        world.nothing_else_was_sent()


async def test_a_private_incident_is_announced_nowhere_and_its_room_tells_nothing(world: World) -> None:
    await world.eve.types("/incident private P1 Data breach at customer X", "#general")
    await world.settled()

    posts = world.posts()
    assert "#incidents" not in [place for place, _ in posts]
    room = next(one for one in world.workspace.conversations if one.kind == "private")
    assert room.name == "inc-2026-08-06-inc-1"
    assert "breach" not in room.topic
    world.nothing_else_was_sent()
