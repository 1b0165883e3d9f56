"""The Socket Mode connection breaking between a request and its acknowledgement."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.doors.slack_socket import SocketHandler
from tests.processes import until

ENVELOPE = {
    "type": "events_api",
    "envelope_id": "1",
    "payload": {"type": "event_callback", "event": {"type": "app_mention", "channel": "C1", "user": "U1", "ts": "1.0"}},
}
HANG_UP = web.AppKey("hang_up", asyncio.Event)


@pytest.fixture
async def slack() -> AsyncIterator[TestServer]:
    """A Slack that sends one event and hangs up when told to."""
    server = TestServer(web.Application())
    hang_up = server.app[HANG_UP] = asyncio.Event()

    async def line(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(ENVELOPE)
        await hang_up.wait()
        assert request.transport
        request.transport.abort()
        return socket

    server.app.router.add_get("/", line)
    async with server:
        yield server


async def test_a_connection_lost_before_the_acknowledgement_is_one_log_line_and_no_error(
    slack: TestServer, caplog: pytest.LogCaptureFixture
) -> None:
    received, go_on = asyncio.Event(), asyncio.Event()

    async def slow(**_: object) -> AuthorizeResult:
        received.set()
        await go_on.wait()
        return AuthorizeResult(enterprise_id=None, team_id="T1")

    async def mentioned() -> None:
        """Does nothing: the test is about the acknowledgement."""

    bolt = AsyncApp(authorize=slow, signing_secret="", process_before_response=True)
    bolt.event("app_mention")(mentioned)
    handler = SocketHandler(bolt, "xapp-1")
    handler.client.wss_uri = str(slack.make_url("/")).replace("http", "ws")
    handler.client.auto_reconnect_enabled = False
    await handler.client.connect()  # type: ignore[no-untyped-call]
    await received.wait()
    slack.app[HANG_UP].set()
    await until(lambda: _is_gone(handler))
    with caplog.at_level(logging.WARNING):
        go_on.set()
        await handler.all_acknowledged.wait()
    await handler.client.close()  # type: ignore[no-untyped-call]
    assert [one.exc_info for one in caplog.records if one.levelno >= logging.ERROR] == []
    assert "before a request of type=events_api was acknowledged" in caplog.text


async def _is_gone(handler: SocketHandler) -> bool:
    return not await handler.client.is_connected()
