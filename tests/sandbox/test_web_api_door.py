"""Web API calls: tokens, scopes, ways to send arguments, and injected faults."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Server
from bot.sandbox.workspace import Workspace

# Longer than a call takes on any machine.
ENDLESS_S = 600.0


def other(client: AsyncWebClient, token: str) -> AsyncWebClient:
    return AsyncWebClient(token, base_url=client.base_url, session=client.session, retry_handlers=[])


async def test_auth_test_names_the_bot_and_its_scopes(client: AsyncWebClient, workspace: Workspace) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["team_id"]) == (workspace.bot.id, workspace.team_id)
    assert set(answer.headers["x-oauth-scopes"].split(",")) == workspace.scopes


async def test_an_unknown_token_is_invalid(client: AsyncWebClient, error: Any) -> None:
    assert (await error(other(client, "xoxb-stranger").auth_test()))["error"] == "invalid_auth"


async def test_no_token_is_not_authed(slack: Server, session: aiohttp.ClientSession) -> None:
    async with session.post(slack.api_url + "auth.test") as response:
        assert (await response.json())["error"] == "not_authed"


async def test_a_token_in_the_query_is_refused(
    slack: Server, session: aiohttp.ClientSession, workspace: Workspace
) -> None:
    async with session.post(f"{slack.api_url}auth.test?token={workspace.bot_token}") as response:
        assert (await response.json())["error"] == "invalid_auth"


async def test_the_app_token_opens_connections_and_nothing_else(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    app_client = other(client, workspace.app_token)
    answer = await client.apps_connections_open(app_token=workspace.app_token)
    assert answer["url"].startswith("ws://127.0.0.1:")
    assert (await error(app_client.auth_test()))["error"] == "not_allowed_token_type"
    assert (await error(client.api_call("apps.connections.open")))["error"] == "not_allowed_token_type"


async def test_an_unknown_method_is_an_error_and_a_complaint(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    assert (await error(client.api_call("incidents.declare")))["error"] == "unknown_method"
    assert [str(complaint) for complaint in workspace.complaints] == ["incidents.declare: unknown_method ({})"]


@pytest.mark.parametrize("way", ["query", "form", "json", "json in a form", "mixed"])
async def test_arguments_may_be_sent_in_every_way(
    way: str, slack: Server, session: aiohttp.ClientSession, workspace: Workspace, general: str
) -> None:
    blocks = '[{"type":"divider"}]'
    ways: dict[str, dict[str, Any]] = {
        "query": {"params": {"channel": general, "text": "hello", "blocks": blocks}},
        "form": {"data": {"channel": general, "text": "hello", "blocks": blocks}},
        "json": {"json": {"channel": general, "text": "hello", "blocks": [{"type": "divider"}]}},
        "json in a form": {"json": {"channel": general, "text": "hello", "blocks": blocks}},
        "mixed": {"params": {"channel": general}, "data": {"text": "hello", "blocks": blocks}},
    }
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    async with session.post(slack.api_url + "chat.postMessage", headers=headers, **ways[way]) as response:
        answer = await response.json()
    assert answer["message"]["blocks"][0]["type"] == "divider"
    assert workspace.messages("#general")[-1].text == "hello"


@pytest.mark.parametrize(("value", "private"), [("1", True), ("true", True), ("0", False), ("false", False)])
async def test_booleans_may_be_words_or_digits(client: AsyncWebClient, value: str, private: bool) -> None:
    answer = await client.api_call("conversations.create", params={"name": "room", "is_private": value})
    assert answer["channel"]["is_private"] is private


async def test_a_missing_scope_names_what_is_needed(client: AsyncWebClient, workspace: Workspace, error: Any) -> None:
    workspace.faults.withhold("channels:manage")
    answer = await error(client.conversations_create(name="room"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:manage")
    assert "chat:write" in answer["provided"].split(",")
    assert (await client.conversations_create(name="room", is_private=True))["channel"]["is_private"]


async def test_the_scope_depends_on_the_kind_of_channel(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    private = (await client.conversations_create(name="room", is_private=True))["channel"]["id"]
    workspace.faults.withhold("groups:history")
    answer = await error(client.conversations_history(channel=private))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")
    public = (await client.conversations_create(name="hall"))["channel"]["id"]
    assert (await client.conversations_history(channel=public))["ok"]


async def test_without_any_suitable_scope_a_method_names_them_all(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    workspace.faults.withhold("channels:history", "groups:history", "im:history")
    answer = await error(client.conversations_history(channel="C0UNKNOWN"))
    assert answer["needed"] == "channels:history,groups:history,im:history"


async def test_a_scope_the_manifest_forgot_is_a_complaint_and_a_withheld_one_is_not(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    workspace.faults.withhold("users:read")
    await error(client.users_list())
    assert workspace.complaints == []
    await error(client.usergroups_list())
    assert [complaint.what for complaint in workspace.complaints] == ["missing_scope"]


async def test_a_revoked_token_is_refused_everywhere(client: AsyncWebClient, workspace: Workspace, error: Any) -> None:
    workspace.faults.revoked = True
    assert (await error(client.auth_test()))["error"] == "token_revoked"


async def test_a_fault_strikes_as_often_as_configured(
    client: AsyncWebClient, workspace: Workspace, general: str, error: Any
) -> None:
    workspace.faults.refuse("chat.postMessage", "fatal_error", times=2)
    for _ in range(2):
        assert (await error(client.chat_postMessage(channel=general, text="x")))["error"] == "fatal_error"
    assert (await client.chat_postMessage(channel=general, text="x"))["ok"]
    assert workspace.complaints == []


async def test_a_fault_may_strike_some_arguments_only(
    client: AsyncWebClient, workspace: Workspace, general: str, error: Any
) -> None:
    workspace.faults.refuse("chat.postMessage", "fatal_error", when=lambda call: "bad" in call["text"])
    assert (await client.chat_postMessage(channel=general, text="good"))["ok"]
    assert (await error(client.chat_postMessage(channel=general, text="bad")))["error"] == "fatal_error"


async def test_a_rate_limit_says_how_long_to_wait(client: AsyncWebClient, workspace: Workspace, general: str) -> None:
    workspace.faults.limit("chat.postMessage", retry_after=7)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=general, text="x")
    response = refused.value.response
    assert (response.status_code, response.headers["Retry-After"], response["error"]) == (429, "7", "ratelimited")


async def test_a_breakdown_is_an_html_page(client: AsyncWebClient, workspace: Workspace) -> None:
    workspace.faults.break_down("auth.test")
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.status_code == 500
    assert refused.value.response.get("error") is None


async def test_a_lost_connection_hides_that_the_message_was_posted(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    workspace.faults.drop("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=general, text="once")
    assert [message.text for message in workspace.messages("#general") if message.by_bot] == ["once"]


async def test_a_connection_may_be_lost_before_anything_was_done(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    workspace.faults.drop("chat.postMessage", after=False)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=general, text="never")
    assert [message for message in workspace.messages("#general") if message.by_bot] == []


async def test_a_call_may_hang_and_every_call_may_be_slow(client: AsyncWebClient, workspace: Workspace) -> None:
    workspace.faults.hang("auth.test", ENDLESS_S)
    hanging = asyncio.create_task(client.auth_test())
    await client.users_list()
    workspace.faults.slow_down(ENDLESS_S * 1000)
    slow = asyncio.create_task(client.users_list())
    _, waiting = await asyncio.wait({hanging, slow}, timeout=0.05)
    assert waiting == {hanging, slow}
    for call in waiting:
        call.cancel()


async def test_rate_limits_are_off_until_switched_on(
    client: AsyncWebClient, workspace: Workspace, general: str, error: Any
) -> None:
    for _ in range(10):
        await client.chat_postMessage(channel=general, text="x")
    workspace.rates.enabled = True
    for _ in range(4):
        await client.chat_postMessage(channel=general, text="x")
    assert (await error(client.chat_postMessage(channel=general, text="x")))["error"] == "ratelimited"
    assert (await client.chat_postMessage(channel="U0ADA", text="x"))["ok"]


async def test_a_method_has_a_limit_of_calls_per_minute(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    workspace.rates.enabled = True
    for number in range(20):
        await client.conversations_create(name=f"room-{number}")
    assert (await error(client.conversations_create(name="room-20")))["error"] == "ratelimited"


async def test_what_was_sent_is_recorded_in_order(client: AsyncWebClient, workspace: Workspace, error: Any) -> None:
    metadata = {"event_type": "page", "event_payload": {"id": 1}}
    posted = await client.chat_postMessage(channel="U0ADA", text="wake up", metadata=metadata)
    await client.users_list()
    await error(client.chat_postMessage(channel="C0UNKNOWN", text="x"))
    await client.pins_add(channel=posted["channel"], timestamp=posted["ts"])
    page, pin = workspace.sent
    assert (page.method, page.user, page.text, page.ts) == ("chat.postMessage", "U0ADA", "wake up", posted["ts"])
    assert (page.metadata, page.channel) == (metadata, posted["channel"])
    assert pin.method == "pins.add"
