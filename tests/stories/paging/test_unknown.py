"""A page that may have been accepted is never reported as lost, whatever happens to it afterwards."""

from typing import Any

import pytest

from bot.domain.paging.page import Page
from bot.store.paging import pages
from tests.stories.asking import ask, timeline
from tests.world import World, words_of

NOT_KNOWN = "not known whether it was sent"


@pytest.mark.parametrize("refused_in_the_end", [True, False])
async def test_a_page_that_may_have_been_accepted_is_never_reported_as_lost(
    world: World, refused_in_the_end: bool
) -> None:
    faults = world.workspace.faults
    faults.break_down("chat.postMessage", times=None, when=to_ada)
    faults.break_down("conversations.history", times=None)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await world.passes(seconds=20)
    if refused_in_the_end:
        faults.heal("chat.postMessage")
        faults.refuse("chat.postMessage", "user_not_found", times=None, when=to_ada)
        await world.passes(minutes=3)
    else:
        await world.has_tried_for(hours=6)
        await world.passes(seconds=61)

    (page, *_) = await of_ada(world)
    assert (page.state, page.is_unknown) == ("refused" if refused_in_the_end else "gave_up", True)
    said = [words for kind, _, words in await timeline(world) if kind == "page_failed" and "Ada" in words]
    assert len(said) >= 2
    assert all("not known whether" in words for words in said), said
    room = [words for words in world.said_in(world.room()) if "Ada" in words and "paged" in words]
    assert not [words for words in (*room, *said) if "not reached" in words or "given up" in words]
    assert NOT_KNOWN in words_of(world.card())
    standing = await world.house.standings.now(1)
    words = world.house.rendering.say("documents/shell_incident", **world.house.standings.facts(standing))
    assert NOT_KNOWN in words
    assert "given up" not in words
    async with world.house.db.statement() as conn:
        counted = {(row["via"], row["state"]): row["count"] for row in await pages.counts(conn)}
    assert counted["slack", "unknown"] >= 1


async def test_an_unconfirmed_page_that_was_searched_for_and_not_found_counts_as_not_sent(world: World) -> None:
    faults = world.workspace.faults
    faults.break_down("chat.postMessage", times=1, when=to_ada)
    faults.refuse("chat.postMessage", "user_not_found", times=None, when=to_ada)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await world.passes(seconds=20)
    (page, *_) = await of_ada(world)
    assert (page.state, page.is_unknown) == ("refused", False)


async def test_a_page_slack_posts_long_after_the_acknowledgement_shows_who_acknowledged(world: World) -> None:
    world.workspace.faults.lag("chat.postMessage", when=to_ada)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await ask(world, "ben", "/escalate ack INC-1")
    await world.passes(seconds=20)
    (page, *_) = await of_ada(world)
    assert (page.state, page.is_unknown, world.pages_of("ada")) == ("cancelled", True, [])

    world.workspace.faults.catch_up()
    await world.passes(minutes=2)
    (message,) = world.pages_of("ada")
    assert "Acknowledged by Ben" in words_of(message) and "to stop paging" not in words_of(message)
    (page, *_) = await of_ada(world)
    assert (page.state, page.is_unknown) == ("accepted", False)


async def test_a_message_slack_posts_after_the_refusal_is_matched_to_its_page_and_updated(world: World) -> None:
    """Even if it is minutes late."""
    world.workspace.faults.lag("chat.postMessage", when=to_ada)
    world.workspace.faults.refuse("chat.postMessage", "user_not_found", times=None, when=to_ada)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await world.passes(minutes=3)
    (page, *_) = await of_ada(world)
    assert (page.state, world.pages_of("ada")) == ("refused", [])

    await ask(world, "ben", "/escalate ack INC-1")
    world.workspace.faults.catch_up()
    assert "to stop paging" in words_of(world.pages_of("ada")[0])
    await world.passes(minutes=10)
    (message,) = world.pages_of("ada")
    assert "Acknowledged by Ben" in words_of(message) and "to stop paging" not in words_of(message)
    (page, *_) = await of_ada(world)
    assert (page.state, page.is_unknown) == ("accepted", False)


async def test_a_page_whose_process_died_is_not_reported_as_unsent_if_cancelled_before_it_is_searched_for(
    world: World,
) -> None:
    world.workspace.faults.drop("chat.postMessage", when=to_ada)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    async with world.house.db.transaction() as conn:
        # A process that dies records nothing: only the outbox shows that its claim has lapsed.
        await conn.execute(b"UPDATE pages SET unsure = false, error = NULL")
    world.workspace.faults.break_down("conversations.history", times=None)
    await ask(world, "ben", "/escalate ack INC-1")
    (page, *_) = await of_ada(world)
    assert (page.state, page.is_unknown) == ("cancelled", True)


def to_ada(arguments: dict[str, Any]) -> bool:
    return arguments.get("channel") == "U0ADA"


async def of_ada(world: World) -> list[Page]:
    async with world.house.db.statement() as conn:
        return [page for page in await pages.of_incident(conn, 1) if page.person == "ada"]
