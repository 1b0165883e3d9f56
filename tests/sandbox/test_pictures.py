"""A picture in a message is a file that was uploaded, as with Slack."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.clock import Clock
from bot.domain.errors import Rejected
from bot.sandbox.server import Server
from bot.sandbox.workspace import Workspace
from bot.slack.blocks import picture
from bot.slack.gateway import Gateway
from tests.world import manifest


@pytest.fixture
async def workspace() -> Workspace:
    return Workspace(Clock(), manifest())


@pytest.fixture
async def gateway(workspace: Workspace) -> AsyncIterator[Gateway]:
    server = Server(workspace)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Gateway(session, Clock(), token=workspace.bot_token, base_url=server.api_url)
    await server.stop()


async def test_an_uploaded_picture_can_be_shown(workspace: Workspace, gateway: Gateway) -> None:
    file = await gateway.upload("chart.png", b"a picture", alt="How it was")
    await gateway.post("U0EVE", picture(file, "How it was"))

    assert workspace.files[file].content == b"a picture"
    assert workspace.complaints == []


@pytest.mark.parametrize("name", ["chart.txt", ""])
async def test_a_missing_file_or_one_that_is_no_picture_cannot_be_shown(gateway: Gateway, name: str) -> None:
    file = await gateway.upload(name, b"words", alt="") if name else "F0NOWHERE"

    with pytest.raises(Rejected, match="invalid_blocks"):
        await gateway.post("U0EVE", picture(file, "How it was"))
