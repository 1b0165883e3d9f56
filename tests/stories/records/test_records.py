"""The record of one incident, as the API shows it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from bot.sandbox.workspace import Workspace
from tests.stories.asking import ask, declared
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

AUDIENCES = """
audiences:
  clients: {slack: ["#team"], template: client, approval: true}
permissions:
  audience.approve: [ben]
"""
TOKEN = "lookout"


def with_channels(workspace: Workspace) -> None:
    workspace.add_channel("team")


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=RUNBOOK + AUDIENCES, prepare=with_channels, API_TOKEN=TOKEN) as world:
        yield world


async def shown(world: World, ref: str = "INC-1") -> dict[str, Any]:
    """The incident as a program reads it."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        answer = await http.get(f"http://127.0.0.1:{world.app.port}/api/v1/incidents/{ref}")
        found: dict[str, Any] = await answer.json()
    return found


async def test_an_update_in_the_record_says_who_approved_it_and_when_it_was_accepted(town: World) -> None:
    room = await declared(town, by="ada")
    await ask(town, "ada", "/incident tell clients", room)
    await town.ada.submits(values={"text": "We are rolling back."})
    await town.settled()
    waiting = {"audience": "clients", "moment": "declared", "state": "waiting", "sent_at": None, "approved_by": None}
    assert (await shown(town))["tellings"] == [waiting]

    await town.passes(minutes=2)
    card = next(one for one in town.workspace.messages(room.id) if "*clients*" in one.text)
    await town.ben.presses("Approve", card)
    await town.settled()
    [sent] = (await shown(town))["tellings"]
    assert (sent["state"], sent["approved_by"]) == ("released", "ben")
    assert sent["sent_at"] == "2026-08-06T14:02:00.000Z"
