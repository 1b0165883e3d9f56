"""What the bot says at three in the morning is true, and none of it is lost."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.stories.paging.test_paging import declared
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

FIRST_STEPS = "      steps:\n        - {page: oncall, wait: 15m}\n        - {page: lead"
STUBBORN = RUNBOOK.replace(FIRST_STEPS, f"      stops_on: resolved\n{FIRST_STEPS}")


def to(account: str) -> dict[str, Any]:
    return {"times": None, "when": lambda arguments: arguments.get("channel") == account}


async def types(world: World, who: str, text: str) -> None:
    await world.workspace.person(who).types(text, world.workspace.channel(world.room()))
    await world.settled()


async def test_a_bare_at_sign_pages_nobody(new_world: NewWorld) -> None:
    without_address = RUNBOOK.replace(
        "cleo: {name: Cleo Fox, email: cleo@example.com, ", "cleo: {name: Cleo Fox, slack: U0CLEO, "
    )
    async with new_world(runbook=without_address) as world:
        await declared(world)
        await types(world, "eve", "/escalate @ ben the database is gone")
        assert world.pages_of("cleo") == []


async def test_posts_from_before_the_room_was_created_appear_in_it_later(world: World) -> None:
    world.workspace.faults.limit("conversations.create", retry_after=10)
    await declared(world)
    await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
    await world.passes(seconds=11)
    await world.passes(seconds=11)
    assert any("👀" in words for words in world.said_in(world.room()))


async def test_without_a_room_its_posts_go_to_the_announcement_channel_and_none_waits_forever(
    world: World,
) -> None:
    world.workspace.faults.refuse("conversations.create", "invalid_name", times=None)
    world.workspace.faults.refuse("chat.postMessage", "messages_tab_disabled", **to("U0ADA"))
    await declared(world)
    await world.passes(seconds=30)
    assert any("Ada Obi was not reached" in words for words in world.said_in("#incidents"))
    async with world.house.db.transaction() as conn:
        left = await (
            await conn.execute("SELECT kind, payload FROM outbox WHERE state IN ('waiting', 'sending')")
        ).fetchall()
    assert left == []


async def test_the_escalate_button_of_an_old_page_works_after_the_ladder_has_climbed(world: World) -> None:
    await declared(world)
    await world.passes(minutes=15)
    await world.passes(minutes=10)
    await world.ada.presses("Escalate", world.pages_of("ada")[0])
    await world.settled()
    assert len(world.pages_of("cleo")) == 1


async def test_the_card_keeps_its_buttons_however_long_its_text_is(world: World) -> None:
    await declared(world)
    await types(world, "eve", "/incident impact " + "\n\n".join(f"line {number}" for number in range(60)))
    assert world.eve.labels(world.card()) == ["Acknowledge", "I'll lead", "Post update", "Escalate", "Resolve"]


async def test_notes_of_many_paragraphs_do_not_push_the_newest_entry_out_of_the_timeline(world: World) -> None:
    await declared(world)
    for number in range(8):
        await types(world, "eve", "/incident note " + "\n\n".join(f"log {number} {line}" for line in range(8)))
    await types(world, "eve", "/incident note the last one")
    await types(world, "eve", "/incident timeline")
    assert "the last one" in words_of(world.eve.sees(world.room())[-1])


async def test_a_ladder_that_climbs_after_an_acknowledgement_does_not_say_nobody_acknowledged(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=STUBBORN) as world:
        await declared(world)
        assert "paging stops when it's resolved" in words_of(world.pages_of("ada")[0])
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.settled()
        assert "unless it's resolved" in words_of(world.card())
        for minutes in (15, 30, 30):
            await world.passes(minutes=minutes)
        await world.passes(minutes=1)
        assert not any("Nobody" in words for words in world.said_in(world.room()))
        assert any("nobody left to page" in words for words in world.said_in(world.room()))


async def test_if_no_provider_accepted_a_page_nobody_is_reported_as_paged(new_world: NewWorld) -> None:
    by_text = RUNBOOK
    for name in ("ada", "ben", "cleo"):
        by_text = by_text.replace(f"who: [{name}]}}", f"who: [{name}], via: [sms]}}")
    async with new_world(runbook=by_text) as world:
        await declared(world)
        assert "Nobody could be paged" in words_of(world.card())
        assert not any("has been paged" in words for words in [words_of(world.card()), *world.said_in(world.room())])


async def test_an_acknowledgement_before_a_reopening_does_not_count_after_it(new_world: NewWorld) -> None:
    twice = STUBBORN.replace(
        "        - {page: ceo, wait: 30m}\n  - id: P2", "        - {page: oncall, wait: 30m}\n  - id: P2"
    )
    async with new_world(runbook=twice) as world:
        await declared(world)
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.settled()
        await types(world, "eve", "/incident resolve ok")
        await types(world, "eve", "/incident reopen back")
        await world.eve.presses("Acknowledge", world.card())
        await world.passes(minutes=15)
        await world.passes(minutes=30)
        assert len(world.pages_of("ada")) == 3


async def test_everybody_paged_by_hand_and_not_reached_is_named(world: World) -> None:
    await declared(world)
    await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
    await world.settled()
    world.workspace.faults.limit("chat.postMessage", retry_after=300, **to("U0BEN"))
    await types(world, "ada", "/escalate @ben please")
    await world.passes(seconds=10)
    await types(world, "ada", "/escalate @cleo please")
    await world.passes(seconds=15)
    assert any("Ben Moss was not reached" in words for words in world.said_in(world.room()))


async def test_a_tier_that_was_not_reached_does_not_end_a_snooze(world: World) -> None:
    world.workspace.faults.limit("chat.postMessage", retry_after=300, **to("U0ADA"))
    await declared(world)
    await world.passes(seconds=5)
    await types(world, "eve", "/escalate snooze 15m")
    await world.passes(seconds=16)
    assert world.pages_of("ben") == []
    await world.passes(minutes=15)
    assert len(world.pages_of("ben")) == 1


async def test_people_not_reached_after_a_reopening_are_named_again(world: World) -> None:
    world.workspace.faults.refuse("chat.postMessage", "messages_tab_disabled", **to("U0ADA"))
    await declared(world)
    await types(world, "eve", "/incident resolve")
    await types(world, "eve", "/incident reopen")
    assert sum("Ada Obi was not reached" in words for words in world.said_in(world.room())) == 2


async def test_acknowledging_a_later_page_updates_that_page(world: World) -> None:
    await declared(world)
    await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
    await world.passes(minutes=1)
    await types(world, "ada", "/escalate lead please come")
    await world.ben.presses("Acknowledge", world.pages_of("ben")[0])
    await world.settled()
    assert "Acknowledged by Ben Moss" in words_of(world.pages_of("ben")[0])
    assert world.ben.labels(world.pages_of("ben")[0]) == []


async def test_an_unknown_name_to_escalate_to_is_quoted_in_the_answer(world: World) -> None:
    await declared(world)
    answer = await world.eve.types("/escalate blargle stuff", "#general")
    await world.settled()
    assert "“blargle”" in words_of(answer.messages[-1])


async def test_the_room_is_told_that_a_tier_is_paged_because_the_previous_one_was_not_reached(world: World) -> None:
    world.workspace.faults.refuse("chat.postMessage", "messages_tab_disabled", **to("U0ADA"))
    await declared(world)
    assert any("No page to the previous tier has been confirmed" in words for words in world.said_in(world.room()))


async def test_the_announcement_says_who_acknowledged(world: World) -> None:
    await declared(world)
    assert "not acknowledged yet" in world.said_in("#incidents")[-1]
    await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
    await world.settled()
    assert "acknowledged by Ada Obi" in world.said_in("#incidents")[-1]


async def test_a_post_that_is_late_says_when_it_happened(world: World) -> None:
    await declared(world)
    room, posts = world.room(), "chat.postMessage"
    world.workspace.faults.limit(posts, retry_after=30, when=lambda sent: sent.get("channel") == room)
    await types(world, "ada", "/escalate snooze 20m")
    begun = world.clock.now()
    await world.passes(seconds=30)
    (late,) = [words for words in world.said_in(room) if "snoozed paging" in words]
    assert f"{int(begun.timestamp())}^" in late.partition("snoozed paging")[0]
    await types(world, "ada", "/escalate ack")
    (soon,) = [words for words in world.said_in(room) if "acknowledged. Paging" in words]
    assert "posted late" not in soon


async def test_a_late_post_of_a_drill_still_begins_with_drill(world: World) -> None:
    await world.eve.types("/incident drill P1 Payments failing", "#general")
    await world.settled()
    room = world.room()
    world.workspace.faults.limit("chat.postMessage", retry_after=30, when=lambda sent: sent.get("channel") == room)
    await types(world, "ada", "/escalate snooze 20m")
    await world.passes(seconds=30)
    (late,) = [words for words in world.said_in(room) if "snoozed paging" in words]
    assert late.startswith("DRILL") and "posted late" in late
