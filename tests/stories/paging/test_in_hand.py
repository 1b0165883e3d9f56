"""A page that a process is sending right now: the bot never says that it was not sent."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.paging.page import Page
from bot.store.paging import pages
from tests.stories.asking import ask
from tests.world import World, words_of

HELD = "state = 'sending', due_at = due_at + interval '1 day'"
NOT_KNOWN = "not known whether it was sent"


@pytest.fixture
async def in_hand(world: World) -> AsyncIterator[Page]:
    """Ada's page, claimed by a process that has gone silent and may have died."""
    world.workspace.faults.limit("chat.postMessage", retry_after=30, when=lambda sent: sent.get("channel") == "U0ADA")
    await ask(world, "eve", "/incident declare P1 Payments failing")
    async with world.house.db.transaction() as conn:
        await conn.execute(f"UPDATE outbox SET {HELD} WHERE kind = 'page' AND done_at IS NULL")
        (page, *_) = await pages.of_incident(conn, 1)
    yield page


async def test_acknowledging_while_a_page_is_being_sent_shows_it_as_not_known(world: World, in_hand: Page) -> None:
    await ask(world, "ben", "/escalate ack INC-1")
    assert f"{NOT_KNOWN}, no longer needed" in words_of(world.card())


async def test_a_page_that_is_being_sent_is_not_reported_as_not_reached(world: World, in_hand: Page) -> None:
    await world.passes(seconds=21)
    said = world.said_in(world.room())
    assert [words for words in said if "not known whether" in words and "Ada Obi" in words]
    assert not [words for words in said if "not reached" in words]
