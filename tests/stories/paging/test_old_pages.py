"""An incident is reopened: pages sent before that no longer acknowledge anything, and say so."""

import pytest

from bot.sandbox.model import Message
from bot.store.paging import pages
from tests.stories.paging.test_paging import declared
from tests.world import World, words_of


async def reopened(world: World) -> None:
    """Resolve the incident and reopen it a minute later: the first tier is paged again."""
    await declared(world)
    await world.ben.types("/incident resolve INC-1 It works again", "#general")
    await world.passes(minutes=1)
    await world.ben.types("/incident reopen INC-1 It does not", "#general")
    await world.settled()


def labels(message: Message) -> list[str]:
    return [one["text"]["text"] for block in message.blocks or [] for one in block.get("elements", []) if "text" in one]


async def test_only_the_page_sent_after_the_reopening_can_be_acknowledged(world: World) -> None:
    await reopened(world)
    old, live = world.pages_of("ada")

    assert not any("Acknowledge" in label for label in labels(old))
    assert "was reopened after this page" in words_of(old)
    assert any("Acknowledge" in label for label in labels(live))


async def test_the_button_of_an_old_page_acknowledges_nothing_and_offers_one_that_does(world: World) -> None:
    await declared(world)
    page = world.pages_of("ada")[0]
    kept = list(page.blocks or [])
    await world.ben.types("/incident resolve INC-1 It works again", "#general")
    await world.passes(minutes=1)
    await world.ben.types("/incident reopen INC-1 It does not", "#general")
    await world.settled()
    # As on a screen that has not been refreshed.
    page.blocks = kept

    answer = await world.ada.presses("Acknowledge", page)
    await world.settled()

    incident = (await world.house.incidents.newest(open_only=True))[0]
    assert not incident.is_acknowledged
    assert "was reopened after the page" in words_of(answer.messages[-1])
    await world.ada.presses("Acknowledge", answer.messages[-1])
    await world.settled()
    assert (await world.house.incidents.newest(open_only=True))[0].acknowledged_by == "ada"


@pytest.mark.parametrize("key", ["1", "2"])
async def test_a_key_pressed_in_a_call_from_before_the_reopening_changes_nothing(world: World, key: str) -> None:
    await reopened(world)
    async with world.house.db.transaction() as conn:
        old, live = await pages.of_incident(conn, 1)

    said = await world.house.call_replies.pressed(old, key, seen=None)
    assert "was reopened after this page" in said
    assert not (await world.house.incidents.newest(open_only=True))[0].is_acknowledged
    assert world.pages_of("ben") == []

    await world.house.call_replies.pressed(live, "1", seen=None)
    assert (await world.house.incidents.newest(open_only=True))[0].is_acknowledged
