"""Socket Mode, tested with slack_bolt's real handler and by hand."""

import asyncio
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace


async def dial(client: AsyncWebClient, workspace: Workspace) -> aiohttp.ClientWebSocketResponse:
    """A raw connection, without the SDK."""
    opened = await client.apps_connections_open(app_token=workspace.app_token)
    assert client.session is not None
    return await client.session.ws_connect(opened["url"])


async def test_a_command_is_delivered_and_its_answer_shown(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    @app.command("/incident")
    async def incident(ack: Any, body: dict[str, Any]) -> None:
        await ack(f"You typed {body['text']}")

    answer = await workspace.person("ada").types("/incident list", "#general")
    assert (answer.text, answer.error) == ("You typed list", None)
    assert answer.latency_ms > 0
    assert workspace.complaints == []


async def test_a_connection_begins_with_hello(client: AsyncWebClient, workspace: Workspace) -> None:
    socket = await dial(client, workspace)
    hello = await socket.receive_json()
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"]["app_id"] == workspace.app_id
    await socket.close()


async def test_a_ticket_opens_one_connection(client: AsyncWebClient, workspace: Workspace) -> None:
    opened = await client.apps_connections_open(app_token=workspace.app_token)
    assert client.session is not None
    async with (
        client.session.ws_connect(opened["url"]),
        client.session.get(opened["url"].replace("ws", "http", 1)) as again,
    ):
        assert again.status == 403


async def test_without_an_acknowledgement_in_time_the_person_sees_a_timeout(
    client: AsyncWebClient, workspace: Workspace
) -> None:
    workspace.timing.ack_seconds = 0.05
    socket = await dial(client, workspace)
    await socket.receive_json()
    answer = await workspace.person("ada").types("/incident", "#general")
    assert answer.error == "operation_timeout"
    assert [complaint.where for complaint in workspace.complaints] == ["/incident"]
    late = await socket.receive_json()
    await socket.send_json({"envelope_id": late["envelope_id"]})
    await workspace.until(lambda: len(workspace.complaints) == 2)
    assert "too late" in workspace.complaints[-1].what
    await socket.close()


async def test_a_frame_that_is_no_acknowledgement_causes_a_complaint(
    client: AsyncWebClient, workspace: Workspace
) -> None:
    socket = await dial(client, workspace)
    await socket.send_str("hello yourself")
    await workspace.until(lambda: workspace.complaints)
    assert workspace.complaints[0].what == "a frame that is no acknowledgement"
    await socket.close()


async def test_a_command_fails_at_once_while_the_app_is_disconnected(workspace: Workspace) -> None:
    answer = await workspace.person("ada").types("/incident", "#general")
    assert (answer.error, workspace.complaints) == ("dispatch_failed", [])


async def test_each_request_goes_to_exactly_one_of_the_connections(
    client: AsyncWebClient, workspace: Workspace
) -> None:
    sockets = [await dial(client, workspace) for _ in range(3)]
    taken = [0, 0, 0]

    async def serve(number: int) -> None:
        async for frame in sockets[number]:
            envelope = frame.json()
            if envelope["type"] == "slash_commands":
                taken[number] += 1
                await sockets[number].send_json({"envelope_id": envelope["envelope_id"]})

    serving = [asyncio.create_task(serve(number)) for number in range(3)]
    for _ in range(9):
        assert (await workspace.person("ada").types("/incident", "#general")).error is None
    assert sum(taken) == 9 and all(taken)
    for socket in sockets:
        await socket.close()
    await asyncio.gather(*serving)


async def test_there_are_at_most_ten_connections(client: AsyncWebClient, workspace: Workspace) -> None:
    sockets = [await dial(client, workspace) for _ in range(11)]
    frames = [await socket.receive_json() for socket in sockets]
    assert [frame["type"] for frame in frames] == ["hello"] * 10 + ["disconnect"]
    assert frames[-1]["reason"] == "too_many_websockets"
    for socket in sockets:
        await socket.close()


async def test_a_request_to_reconnect_is_obeyed_and_nothing_is_lost(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    @app.command("/incident")
    async def incident(ack: Any) -> None:
        await ack("here")

    await workspace.sockets.refresh()
    await workspace.until(lambda: workspace.connected)
    answer = await workspace.person("ada").types("/incident", "#general")
    assert (answer.text, answer.error) == ("here", None)


async def test_a_warning_comes_before_the_disconnection(client: AsyncWebClient, workspace: Workspace) -> None:
    workspace.timing.warning_seconds = 0
    socket = await dial(client, workspace)
    await socket.receive_json()
    refreshing = asyncio.create_task(workspace.sockets.refresh(warn=True))
    reasons = [(await socket.receive_json())["reason"] for _ in range(2)]
    assert reasons == ["warning", "refresh_requested"]
    await socket.close()
    await refreshing


async def test_a_ping_is_answered_with_its_own_payload(client: AsyncWebClient, workspace: Workspace) -> None:
    opened = await client.apps_connections_open(app_token=workspace.app_token)
    assert client.session is not None
    async with client.session.ws_connect(opened["url"], autoping=False) as socket:
        await socket.receive_json()
        await socket.ping(b"sdk-ping-pong:1.5")
        pong = await socket.receive()
        assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")


async def test_a_connection_lost_during_a_command_fails_it(client: AsyncWebClient, workspace: Workspace) -> None:
    socket = await dial(client, workspace)
    await socket.receive_json()
    typing = asyncio.create_task(workspace.person("ada").types("/incident", "#general"))
    await socket.receive_json()
    await socket.close()
    assert (await typing).error == "dispatch_failed"


async def test_an_unacknowledged_event_is_redelivered_over_the_next_connection(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    workspace.timing.retry_scale = 0
    workspace.timing.ack_seconds = 0.05
    socket = await dial(client, workspace)
    await socket.receive_json()
    ada = workspace.person("ada")
    await ada.reacts("eyes", await ada.says("hello", "#general"))
    first, second = await socket.receive_json(), await socket.receive_json()
    assert (first["retry_attempt"], first["retry_reason"]) == (0, "")
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "http_timeout")
    assert first["payload"]["event_id"] == second["payload"]["event_id"]
    assert first["accepts_response_payload"] is False
    await socket.close()


async def test_the_app_reconnects_after_a_network_failure(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    @app.command("/incident")
    async def incident(ack: Any) -> None:
        await ack("here again")

    await workspace.sockets.cut()
    await workspace.until(lambda: workspace.connected)
    assert (await workspace.person("ada").types("/incident", "#general")).text == "here again"
