"""The value in a button or a form may be old, truncated, or refer to something that is gone: it's answered with a
sentence, and nothing is done."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.sandbox.model import Json, Message
from commands.desk.desk import books
from commands.desk.which_incident import CHOICE
from tests.stories.alerts.monitoring import WITH_ALERTS
from tests.stories.asking import ask, declared, told, whispered
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

BUTTONS = sorted({CHOICE} | {name for book in books() for name in book.buttons})
FORMS = sorted(name for book in books() for name in book.forms)
SENSELESS = [None, "x", "-1", "٣", "999999999", "9" * 40, "1 x", "999 x y", "1 1", "1 board then never", "open -5"]
BROKE = "Something broke"


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS + "audiences: {board: {slack: ['#general']}}\n") as world:
        await declared(world)
        yield world


def forged(world: World, action: str, value: str | None) -> tuple[Message, Json]:
    """The incident's card with another button in place of its first."""
    card = world.card()
    block = next(block for block in card.blocks or [] if block["type"] == "actions")
    block["elements"][0] = {"type": "button", "text": {"type": "plain_text", "text": "Forged"}, "action_id": action}
    if value is not None:
        block["elements"][0]["value"] = value
    return card, {"block_id": block["block_id"], "action_id": action}


@pytest.mark.parametrize("action", BUTTONS)
async def test_a_button_with_an_invalid_value_causes_no_internal_error(town: World, action: str) -> None:
    for value in SENSELESS:
        card, pressed = forged(town, action, value)
        answer = await town.eve.acts(card, pressed, {})
        await town.settled()
        assert answer.error is None
        assert BROKE not in told(answer), (action, value)
        for view in town.eve.modals():
            await town.eve.dismisses(view)
    assert BROKE not in " ".join(words_of(one) for one in whispered(town, "eve", town.room()))


@pytest.mark.parametrize("callback", FORMS)
async def test_a_form_with_an_invalid_value_causes_no_internal_error(town: World, callback: str) -> None:

    for private in SENSELESS:
        for blank in (False, True):
            await ask(town, "eve", "/incident declare")
            view = town.eve.modal()
            view.content["callback_id"] = callback
            carried = json.loads(view.content["private_metadata"]) | {"private": private or ""}
            view.content["private_metadata"] = json.dumps(carried)
            if blank:
                view.content["blocks"], view.values = [], {}
            answer = await town.eve.submits(view, {} if blank else {"title": "Forged"})
            await town.settled()
            assert answer.error is None, (callback, private, blank)
            assert BROKE not in told(answer), (callback, private)
            for shown in town.eve.modals():
                await town.eve.dismisses(shown)
            said = " ".join(words_of(one) for one in whispered(town, "eve", "#general"))
            assert BROKE not in said, (callback, private, blank)
