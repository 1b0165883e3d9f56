"""Slack Connect: people of other organisations in a shared channel can read it but do nothing here."""

from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox import interactions
from bot.sandbox.delivery import AppRequest
from bot.sandbox.model import User
from tests.stories.asking import declared, whispered
from tests.stories.upkeep.connections import command, delivered
from tests.world import World, words_of

STRANGER, ELSEWHERE = "U0STRANGER", "T0ELSEWHERE"


def from_elsewhere(request: AppRequest, user: str = STRANGER) -> AppRequest:
    """The same request, sent by somebody of another workspace."""
    typed: dict[str, Any] = {"user_id": user, "team_id": ELSEWHERE}
    used = {"user": {"id": user, "username": "x", "name": "x", "team_id": ELSEWHERE}}
    return replace(request, payload=request.payload | (typed if "user_id" in request.payload else used))


def pressed(world: World, label: str) -> AppRequest:
    """A press on the incident card's button."""
    card, workspace = world.card(), world.workspace
    buttons = [one for block in card.blocks or [] for one in block.get("elements", []) if one.get("type") == "button"]
    button = next(one for one in buttons if label in one["text"]["text"])
    url = workspace.response_urls.give(card.channel, workspace.person("eve").id)
    return interactions.message_action(workspace, workspace.person("eve").user, card, button, {}, url)


def asked(world: World) -> dict[str, AppRequest]:
    workspace, eve = world.workspace, world.workspace.person("eve").user
    url = workspace.response_urls.give(world.card().channel, eve.id)
    return {
        "command": command(world, "/incident declare P1 x"),
        "button": pressed(world, "Acknowledge"),
        "shortcut": interactions.message_shortcut(workspace, eve, world.card(), "declare_from_message", url),
    }


@pytest.fixture(autouse=True)
def shared(world: World) -> None:
    """A world whose incident channel is shared with another workspace."""
    world.workspace.users[STRANGER] = User(STRANGER, "x", "X of elsewhere", team=ELSEWHERE)


@pytest.mark.parametrize("what", ["command", "button", "shortcut"])
async def test_anything_people_of_other_organisations_type_or_press_is_refused(world: World, what: str) -> None:
    await declared(world)
    before = await everything(world)
    answer = await delivered(world, from_elsewhere(asked(world)[what]))
    assert answer.error is None
    assert await everything(world) == before
    assert world.workspace.person("eve").modals() == []


async def test_people_of_other_organisations_are_told_who_can_do_it(world: World) -> None:
    await declared(world)
    await delivered(world, from_elsewhere(pressed(world, "Acknowledge")))
    assert "Only people of Example Tutors" in " ".join(map(words_of, whispered(world, "eve", world.room())))


async def test_members_of_the_same_organisations_other_workspaces_and_people_the_runbook_names_are_heard(
    world: World,
) -> None:
    """Slack sends another workspace's id with them, but `users.info` says they belong to this organisation."""
    await declared(world)
    await delivered(world, from_elsewhere(pressed(world, "Acknowledge"), world.workspace.person("eve").id))
    assert (await everything(world))[0]["acknowledged_by"] is not None


async def test_slack_is_asked_only_once_which_workspace_somebody_belongs_to(world: World) -> None:
    await declared(world)
    asked_about: list[str] = []

    def is_seen(arguments: dict[str, Any]) -> bool:
        asked_about.append(arguments["user"])
        return False

    world.workspace.faults.refuse("users.info", "fatal_error", times=None, when=is_seen)
    for _ in range(3):
        await delivered(world, from_elsewhere(pressed(world, "Acknowledge")))
    # One request for the workspace, and one for their name.
    assert asked_about.count(STRANGER) == 2


@pytest.mark.parametrize("trouble", ["cannot be asked", "does not know them", "names no workspace"])
async def test_declaring_works_even_when_slack_cannot_say_which_workspace_somebody_belongs_to(
    world: World, trouble: str
) -> None:
    user = "U0UNKNOWN" if trouble == "does not know them" else STRANGER
    request = from_elsewhere(command(world, "/incident declare P1 x"), user)
    if trouble == "cannot be asked":
        world.workspace.faults.break_down("users.info", times=None)
    if trouble == "names no workspace":
        request = replace(request, payload={**request.payload, "team_id": ""})
    await delivered(world, request)
    assert len(await everything(world)) == 1


async def everything(world: World) -> list[dict[str, Any]]:
    async with world.house.db.statement() as conn:
        cursor = await conn.execute("SELECT id, title, acknowledged_by FROM incidents ORDER BY id")
        return [dict(row) for row in await cursor.fetchall()]
