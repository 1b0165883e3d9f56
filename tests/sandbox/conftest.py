"""The simulated workspace, served on loopback, with the real SDK as its client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.sandbox.server import Server, serving
from bot.sandbox.workspace import Workspace
from tests.world import manifest as shipped_manifest

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Error = Callable[[Awaitable[Any]], Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the environment names a proxy, the SDK uses it even for loopback."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def manifest() -> dict[str, Any]:
    document = shipped_manifest()
    # The workspace supports more than this bot uses.
    document["oauth_config"]["scopes"]["bot"].append("bookmarks:write")
    return document


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOW)
    return clock


@pytest.fixture
def workspace(clock: Clock, manifest: dict[str, Any]) -> Workspace:
    return Workspace(clock, manifest)


@pytest.fixture
async def slack(workspace: Workspace) -> AsyncIterator[Server]:
    async with serving(workspace) as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(workspace: Workspace, slack: Server, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(workspace.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.fixture
def general(workspace: Workspace) -> str:
    """The id of #general, which the bot has already joined."""
    channel = workspace.channel("#general")
    channel.members.append(workspace.bot.id)
    return channel.id


@pytest.fixture
def error() -> Error:
    """Awaits a call that must fail, and returns Slack's answer."""

    async def answer(call: Awaitable[Any]) -> dict[str, Any]:
        with pytest.raises(SlackApiError) as refused:
            await call
        return dict(refused.value.response.data)

    return answer


@pytest.fixture
def app(client: AsyncWebClient, workspace: Workspace) -> AsyncApp:
    return AsyncApp(client=client, signing_secret=workspace.signing_secret)


@pytest.fixture
async def connected(app: AsyncApp, workspace: Workspace) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app on Socket Mode. Tests may still add listeners."""
    async with in_socket_mode(app, workspace) as handler:
        yield handler


@asynccontextmanager
async def in_socket_mode(app: AsyncApp, workspace: Workspace) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, workspace.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await workspace.until(lambda: workspace.connected)
    yield handler
    await handler.close_async()  # type: ignore[no-untyped-call]
