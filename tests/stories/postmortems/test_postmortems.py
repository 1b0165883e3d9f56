"""Post-mortems after an incident: owed, drafted from what is stored, reviewed, and done."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from bot.sandbox.model import Channel, Message
from tests.stories.asking import ask, declared, timeline
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
OWING = (
    RUNBOOK.replace("    user_facing: true\n", "    user_facing: true\n    postmortem: required\n")
    .replace("    name: High\n", "    name: High\n    postmortem: {longer_than: 30m}\n")
    .replace("severities:", "postmortem: {also_for: [payments]}\nseverities:", 1)
)


async def in_api(world: World, number: int = 1) -> dict[str, Any]:
    url = f"http://127.0.0.1:{world.app.port}/api/v1/incidents/INC-{number}"
    async with aiohttp.ClientSession() as session:
        answer = await session.get(url, headers={"Authorization": "Bearer lookout"})
        return dict(await answer.json())


def labels(message: Message) -> list[str]:
    blocks = message.blocks or []
    return [one["text"]["text"] for block in blocks for one in block.get("elements", ()) if one.get("type") == "button"]


def card(world: World, number: int = 1) -> Message:
    """The post-mortem's own message in the room."""
    said = world.workspace.messages(world.room(f"INC-{number}"))
    return next(one for one in said if f"*Post-mortem of INC-{number}:" in one.text)


@pytest.fixture
async def town(new_world: NewWorld) -> Any:
    async with new_world(runbook=OWING, API_TOKEN="lookout") as world:
        yield world


async def resolved(world: World, words: str = "P1 Search is down", **after: float) -> Channel:
    room = await declared(world, words)
    if after:
        await world.passes(**after)
    await ask(world, "ada", "/incident resolve It was the index", room)
    return room


async def test_a_post_mortem_is_owed_by_the_resolver_with_its_dates_and_goes_from_draft_to_done(town: World) -> None:
    room = await resolved(town)
    shown = await in_api(town)
    assert shown["postmortem"] == {
        "state": "owed",
        "owner": "ada",
        "draft_due_at": "2026-08-08T14:00:00.000Z",
        "review_due_at": "2026-08-13T14:00:00.000Z",
        "link": f"https://{town.workspace.domain}.slack.com/archives/{room.id}/p{card(town).ts.replace('.', '')}",
    }
    assert labels(card(town)) == [
        "Edit",
        "Schedule",
        "Send for review",
        "Add action",
        "As a file",
        "As a canvas",
        "Waive",
    ]
    assert "every P1 has one" in words_of(card(town))

    await town.ada.presses("Edit", card(town))
    await town.settled()
    await town.ada.submits(values={"Root cause": "The index was never rebuilt", "Lessons learned": "Rebuild it"})
    await town.settled()
    assert (await in_api(town))["postmortem"]["state"] == "draft"
    assert "Contributing factors" in words_of(card(town)) and "Root cause" not in words_of(card(town))

    await town.ben.presses("Send for review", card(town))
    await town.settled()
    assert (await in_api(town))["postmortem"]["state"] == "in_review"
    await town.ben.presses("Mark as done", card(town))
    await town.settled()
    assert (await in_api(town))["postmortem"]["state"] == "done"
    announced = [words for words in town.said_in("#incidents") if "Post-mortem done: INC-1" in words]
    assert len(announced) == 1 and "The index was never rebuilt" in announced[0]
    await town.ben.presses("As a file", card(town))
    await town.passes(days=30)
    assert not [one for one in town.said_in(room.id) if one.startswith("⏰")]


async def test_duration_a_keyword_or_severity_require_a_post_mortem_and_nothing_else_does(town: World) -> None:
    await resolved(town, "P2 Search is slow", minutes=30)
    assert (await in_api(town))["postmortem"] is None
    await resolved(town, "P2 Search is slow again", minutes=31)
    assert (await in_api(town, 2))["postmortem"]["state"] == "owed"
    assert "it lasted 31 min" in words_of(card(town, 2))
    room = await resolved(town, "P2 Search is slow once more", minutes=30)
    assert (await in_api(town, 3))["postmortem"] is None
    await ask(town, "eve", "/incident started 45 minutes ago", room)
    assert (await in_api(town, 3))["postmortem"]["state"] == "owed"
    await resolved(town, "P3 A payment failed")
    assert "about “payments”" in words_of(card(town, 4))
    await ask(town, "ada", "/incident drill P1 Rehearsal")
    await ask(town, "ada", "/incident resolve INC-5 over")
    assert (await in_api(town, 5))["postmortem"] is None


async def test_reopening_withdraws_the_post_mortem_and_the_next_end_restores_it_with_its_text(town: World) -> None:
    room = await resolved(town)
    await town.ada.presses("Edit", card(town))
    await town.settled()
    await town.ada.submits(values={"Root cause": "The index"})
    await town.settled()
    await ask(town, "ada", "/incident reopen it is back", room)
    assert (await in_api(town))["postmortem"] is None
    assert "withdrawn" in card(town).text and labels(card(town)) == []
    await town.passes(days=9)
    assert not [one for one in town.said_in(room.id) if "⏰" in one and "ost-mortem" in one]
    await ask(town, "ada", "/incident resolve really", room)
    assert (await in_api(town))["postmortem"]["state"] == "draft"
    assert "Root cause" not in words_of(card(town))
    told = [words for _, _, words in await timeline(town) if "post-mortem" in words]
    assert [one.split()[1].rstrip(":,") for one in told] == ["owed", "edited", "withdrawn", "owed"]


async def test_a_post_mortem_not_owed_can_be_started_by_hand_but_not_while_the_incident_is_open(town: World) -> None:
    room = await declared(town, "P3 Search is slow")
    assert "still open" in await ask(town, "ada", "/incident postmortem", room)
    await ask(town, "ada", "/incident resolve done", room)
    answer = await ask(town, "ada", "/incident postmortem", room)
    assert "Post-mortem of INC-1: draft" in answer
    assert (await in_api(town))["postmortem"]["state"] == "draft"


async def test_marking_an_empty_post_mortem_as_done_asks_for_confirmation(town: World) -> None:
    await resolved(town)
    await town.ada.presses("Send for review", card(town))
    await town.settled()
    assert "Nobody has written anything" in str(button(card(town), "Mark as done")["confirm"])
    await town.ada.presses("Edit", card(town))
    await town.settled()
    await town.ada.submits(values={"Root cause": "The index"})
    await town.settled()
    assert "confirm" not in button(card(town), "Mark as done")


def button(message: Message, label: str) -> dict[str, Any]:
    (actions,) = [block for block in message.blocks or [] if block["type"] == "actions"]
    (found,) = [one for one in actions["elements"] if one["text"]["text"] == label]
    return dict(found)


async def test_waiving_a_post_mortem_asks_for_a_reason_and_records_it(town: World) -> None:
    await resolved(town)
    await town.ada.presses("Waive", card(town))
    await town.settled()
    await town.ada.submits(values={"reason": "A rehearsal that was declared by mistake"})
    await town.settled()
    assert (await in_api(town))["postmortem"]["state"] == "waived"
    assert "declared by mistake" in words_of(card(town))
    await town.passes(days=9)
    assert not [one for one in town.said_in(town.room()) if one.startswith("⏰")]


async def test_the_resolved_update_says_when_a_post_mortem_follows_also_one_owed_for_a_keyword(
    new_world: NewWorld,
) -> None:
    telling = OWING.replace("    name: Low\n", "    name: Low\n    tell: [board]\n")
    audiences = "audiences: {board: {slack: ['#general'], automatic: true, template: stakeholder}}\n"
    async with new_world(runbook=telling + audiences) as world:
        await resolved(world, "P3 A payment failed")
        await resolved(world, "P3 Search is slow")
        told = [words for words in world.said_in("#general") if "Search" in words or "payment" in words]
        follows = ["ost-mortem" in words for words in told if "esolved" in words.splitlines()[0]]
        assert follows == [True, False]
