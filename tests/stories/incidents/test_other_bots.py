"""Messages and reactions of bots and workflows, this one included, trigger nothing: only people's count."""

from typing import Any

import pytest

from bot.sandbox.model import User
from tests.stories.asking import count, declared, notes
from tests.stories.upkeep.connections import delivered, event, stored
from tests.world import World

WORDS = ("/incident declare P1 Payments failing", "help", "P1 everything is down", "<@U0TOCSIN> declare P1 x")
SENDERS: dict[str, dict[str, Any]] = {
    "an integration": {"subtype": "bot_message", "bot_id": "B0OTHER", "username": "CI"},
    "another app": {"user": "U0OTHERBOT", "bot_id": "B0OTHER", "app_id": "A0OTHER"},
    "our own app": {"user": "U0TOCSIN", "bot_id": "B0TOCSIN", "app_id": "A0TOCSIN"},
    "a workflow": {
        "user": "U0FLOW",
        "subtype": "bot_message",
        "bot_id": "B0FLOW",
        "bot_profile": {"is_workflow_bot": True},
    },
    "Slack itself": {"user": "USLACKBOT"},
    "nobody": {},
}
PLACES = [("message", "C0ALERTS", "channel"), ("message", "D0DIRECT", "im"), ("app_mention", "C0ALERTS", "channel")]


@pytest.mark.parametrize("sender", SENDERS)
async def test_messages_of_bots_and_workflows_are_not_even_stored(world: World, sender: str) -> None:
    await world.settled()
    alerts = world.workspace.channel("#infrastructure-alerts").id
    number = 0
    for kind, channel, channel_type in PLACES:
        for words in WORDS:
            number += 1
            where = {"channel": alerts if channel == "C0ALERTS" else channel, "channel_type": channel_type}
            said = {"type": kind, "text": words, "ts": f"{number}.1", **where, **SENDERS[sender]}
            assert (await world.workspace.courier.send(event(world, f"{number}", **said))).accepted
    await world.settled()
    heard = [row["body"]["event"]["type"] for row in await stored(world, "event")]
    assert not {"message", "app_mention"} & set(heard)
    assert await count(world) == 0
    world.nothing_else_was_sent()


@pytest.mark.parametrize("is_own", [True, False])
async def test_a_pushpin_from_a_bot_adds_no_note(world: World, is_own: bool) -> None:
    room = await declared(world)
    world.workspace.users["U0OTHERBOT"] = User("U0OTHERBOT", "ci", "CI", is_bot=True)
    message = await world.eve.says("We roll back", room)
    item = {"type": "message", "channel": room.id, "ts": message.ts}
    who = world.workspace.bot.id if is_own else "U0OTHERBOT"
    body = {"type": "reaction_added", "user": who, "reaction": "pushpin", "item": item}
    assert (await delivered(world, event(world, "1", **body))).accepted
    assert await notes(world) == []
    await world.eve.reacts("pushpin", message)
    await world.settled()
    assert await notes(world) == ["We roll back"]
