"""When a page fails: what is retried, what is shown, and what is never claimed."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.sandbox.model import Json
from bot.store.paging import pages as store
from tests.stories.paging.test_paging import declared
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


def to_ada(arguments: Json) -> bool:
    return bool(arguments.get("channel") == "U0ADA")


async def pages(world: World) -> list[dict[str, Any]]:
    """The pages as the database has them."""
    async with world.house.db.transaction() as conn:
        return [page.__dict__ for page in await store.of_incident(conn, 1)]


async def test_a_rate_limited_page_is_sent_when_slack_allows_it_and_not_shown_as_sent_before(world: World) -> None:
    world.workspace.faults.limit("chat.postMessage", retry_after=10, when=to_ada)
    await declared(world)
    assert world.pages_of("ada") == []
    assert "not sent yet, tried 1×" in words_of(world.card())

    await world.passes(seconds=9)
    assert world.pages_of("ada") == []
    await world.passes(seconds=1)
    assert len(world.pages_of("ada")) == 1
    assert "Slack sent" in words_of(world.card())
    assert world.pages_of("ben") == []


async def test_an_absurd_retry_after_from_slack_delays_a_page_by_a_minute_at_most(world: World) -> None:
    world.workspace.faults.limit("chat.postMessage", retry_after=999_999, when=to_ada)
    await declared(world)
    assert world.pages_of("ada") == []
    await world.passes(minutes=1)
    assert len(world.pages_of("ada")) == 1


async def test_an_absurd_retry_after_in_one_room_delays_no_other_room_and_no_card(
    world: World,
) -> None:
    await declared(world)
    await world.eve.types("/incident declare P1 Search failing")
    await world.settled()
    first, second = world.room("INC-1"), world.room("INC-2")
    world.workspace.faults.limit(
        "chat.postMessage", retry_after=999_999, times=None, when=lambda sent: sent.get("channel") == first
    )
    for ref in ("INC-1", "INC-2"):
        await world.ada.types(f"/escalate ack {ref}")
    await world.settled()
    assert any("ack" in words.lower() and "Ada" in words for words in world.said_in(second))
    assert "Acknowledged" in words_of(world.card("INC-1")), "a post that waits does not hold up the card"
    before = len(world.said_in(first))

    world.workspace.faults.clear()
    await world.passes(minutes=1)
    assert len(world.said_in(first)) > before


async def test_an_absurd_retry_after_for_an_edit_keeps_the_cards_stale_for_a_minute_at_most(world: World) -> None:
    await declared(world)
    world.workspace.faults.limit("chat.update", retry_after=999_999)
    await world.ada.types("/escalate ack INC-1")
    await world.settled()
    await world.passes(minutes=1)
    assert "Acknowledged" in words_of(world.card())


async def test_a_page_not_accepted_within_twenty_seconds_pages_the_next_tier_while_it_is_retried(
    world: World,
) -> None:
    world.workspace.faults.limit("chat.postMessage", retry_after=60, times=None, when=to_ada)
    await declared(world)
    await world.passes(seconds=19)
    assert world.pages_of("ben") == []

    await world.passes(seconds=1)
    assert len(world.pages_of("ben")) == 1
    assert any("Ada Obi was not reached" in words and "+447700900001" in words for words in world.said_in(world.room()))

    world.workspace.faults.clear()
    await world.passes(seconds=60)
    assert len(world.pages_of("ada")) == 1, "her own page still reaches her, late"


async def test_a_connection_lost_after_slack_accepted_the_page_does_not_send_it_twice(world: World) -> None:
    world.workspace.faults.drop("chat.postMessage", after=True, when=to_ada)
    await declared(world)
    await world.passes(seconds=5)

    assert len(world.pages_of("ada")) == 1
    (page,) = await pages(world)
    assert page["state"] == "accepted"
    assert page["reference"].endswith(world.pages_of("ada")[0].ts)


@pytest.mark.parametrize(("status", "was_posted"), [(200, True), (302, False), (403, True), (404, False), (408, True)])
async def test_an_answer_from_a_proxy_in_front_of_slack_is_retried_and_not_taken_for_a_refusal(
    world: World, status: int, was_posted: bool
) -> None:
    world.workspace.faults.break_down("chat.postMessage", status=status, after=was_posted, when=to_ada)
    await declared(world)
    assert [page["state"] for page in await pages(world)] == ["waiting"]
    await world.passes(seconds=5)

    assert len(world.pages_of("ada")) == 1
    assert world.pages_of("ben") == []
    assert [page["state"] for page in await pages(world)] == ["accepted"]


async def test_a_page_found_after_a_lost_response_shows_the_acknowledgement_made_meanwhile(world: World) -> None:
    world.workspace.faults.drop("chat.postMessage", after=True, when=to_ada)
    await declared(world)
    await world.ben.types("/escalate ack INC-1", "#general")
    await world.passes(seconds=5)

    (message,) = world.pages_of("ada")
    assert "Acknowledged by Ben Moss" in words_of(message)
    assert world.ada.labels(message) == []
    assert [page["state"] for page in await pages(world)] == ["accepted"]


async def test_a_page_that_was_refused_is_never_shown_as_sent(world: World) -> None:
    world.workspace.faults.refuse("chat.postMessage", "messages_tab_disabled", times=None, when=to_ada)
    await declared(world)

    (page, *_) = await pages(world)
    assert (page["state"], page["accepted_at"], page["reference"]) == ("refused", None, None)
    assert "✗ Ada Obi, On-call Engineer: Slack refused" in words_of(world.card())
    assert len(world.pages_of("ben")) == 1


async def test_a_page_waiting_for_a_retry_is_not_sent_after_an_acknowledgement(world: World) -> None:
    world.workspace.faults.limit("chat.postMessage", retry_after=10, when=to_ada)
    await declared(world)
    await world.ben.presses("Join", next(m for m in world.workspace.messages("#incidents") if m.blocks))
    await world.settled()
    await world.ben.presses("Acknowledge", world.card())
    await world.passes(minutes=5)
    assert world.pages_of("ada") == []


async def test_a_room_that_cannot_be_created_does_not_delay_the_page(world: World) -> None:
    world.workspace.faults.refuse("conversations.create", "restricted_action", times=None)
    await declared(world)
    assert len(world.pages_of("ada")) == 1
    announcement = world.workspace.messages("#incidents")[-1]
    assert "No channel" in words_of(announcement)

    world.workspace.faults.clear()
    await world.passes(seconds=60)
    assert world.card() is not None
    assert "<#" in words_of(world.workspace.messages("#incidents")[-1])


async def test_a_room_created_before_the_response_was_lost_is_used_and_not_created_twice(world: World) -> None:
    world.workspace.faults.drop("conversations.create", after=True)
    await declared(world)
    await world.passes(seconds=5)
    assert [one.name for one in world.workspace.conversations if one.name.startswith("inc-")] == [
        "inc-2026-08-06-payments-failing"
    ]
    assert world.card() is not None


async def test_a_declaration_is_complete_even_if_each_of_its_slack_calls_fails_once(world: World) -> None:
    for method in ("conversations.create", "conversations.invite", "conversations.setTopic", "pins.add"):
        world.workspace.faults.break_down(method)
    world.workspace.faults.drop("chat.postMessage", times=3, after=True)
    await declared(world)
    for _ in range(6):
        await world.passes(seconds=10)

    room = world.workspace.channel(world.room())
    assert {"U0EVE", "U0ADA"} <= set(room.members)
    assert world.card().ts in room.pins
    assert len(world.pages_of("ada")) == 1
    assert (
        len([m for m in world.workspace.messages("#incidents") if m.user == world.workspace.bot.id and m.blocks]) == 1
    )
    assert len([m for m in room.messages if m.user == world.workspace.bot.id and m.blocks]) == 1


async def test_an_outage_of_the_bot_costs_the_overdue_tier_one_page_that_says_it_is_late(world: World) -> None:
    await declared(world)
    await world.passes(minutes=55)

    assert [len(world.pages_of(name)) for name in ("ada", "ben", "cleo")] == [1, 1, 0]
    assert "This page is late" in words_of(world.pages_of("ben")[0])
    await world.passes(minutes=29, seconds=59)
    assert world.pages_of("cleo") == []
    await world.passes(seconds=1)
    assert len(world.pages_of("cleo")) == 1


async def test_a_slow_response_to_the_page_does_not_delay_the_room(world: World) -> None:
    world.workspace.faults.hang("chat.postMessage", 1.0)
    world.sent_since()
    await declared(world)

    methods = [
        sent.method for sent in world.sent_since() if sent.method in ("chat.postMessage", "conversations.create")
    ]
    assert methods[0] == "conversations.create", "the page left first, and Slack took its time"
    assert len(world.pages_of("ada")) == 1


async def test_the_search_for_an_unconfirmed_page_is_timed_from_the_lost_response_and_not_the_first_try(
    world: World,
) -> None:
    world.workspace.faults.limit("chat.postMessage", retry_after=120, when=to_ada)
    world.workspace.faults.drop("chat.postMessage", after=False, when=to_ada)
    world.workspace.faults.refuse("conversations.history", "missing_scope", times=None)
    await declared(world)
    await world.passes(minutes=2)
    await world.passes(seconds=2)
    for _ in range(5):
        await world.passes(seconds=11)
        assert world.pages_of("ada") == []
        assert "not known whether this was sent" in str((await pages(world))[0]["error"])

    await world.passes(minutes=1)
    (page,) = world.pages_of("ada")
    assert "This may be a repeat" in words_of(page)
