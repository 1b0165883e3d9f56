"""HTTP mode: signed requests to the real slack_bolt behind aiohttp."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from bot.sandbox.http_mode import HttpMode
from bot.sandbox.workspace import Workspace


@pytest.fixture
async def bolt(app: AsyncApp, workspace: Workspace) -> AsyncIterator[AsyncApp]:
    """The real app, reached over HTTP."""

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async with serving(events) as url:
        workspace.use_http(url)
        yield app


class serving:
    """A web server with one URL for Slack, as an asynchronous context."""

    def __init__(self, handler: Any) -> None:
        application = web.Application()
        application.router.add_post("/slack/events", handler)
        self._server = TestServer(application)

    async def __aenter__(self) -> str:
        await self._server.start_server()
        return str(self._server.make_url("/slack/events"))

    async def __aexit__(self, *_: Any) -> None:
        await self._server.close()


async def test_a_command_is_signed_and_answered(bolt: AsyncApp, workspace: Workspace) -> None:
    @bolt.command("/incident")
    async def incident(ack: Any, body: dict[str, Any]) -> None:
        await ack(f"{body['user_name']} typed {body['text']} in {body['channel_name']}")

    answer = await workspace.person("ada").types("/incident list", "#general")
    assert (answer.text, answer.error) == ("ada typed list in general", None)
    assert workspace.complaints == []


async def test_a_button_an_event_and_a_form_arrive(bolt: AsyncApp, workspace: Workspace, general: str) -> None:
    heard: list[str] = []

    @bolt.action("ack")
    async def pressed(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        view = {"type": "modal", "callback_id": "form", "title": {"type": "plain_text", "text": "T"}, "blocks": []}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @bolt.view("form")
    async def submitted(ack: Any) -> None:
        heard.append("form")
        await ack()

    @bolt.event("reaction_added")
    async def reacted(event: dict[str, Any]) -> None:
        heard.append(event["reaction"])

    button = {"type": "button", "action_id": "ack", "text": {"type": "plain_text", "text": "Acknowledge"}}
    blocks = [{"type": "actions", "elements": [button]}]
    await bolt.client.chat_postMessage(channel=general, text="card", blocks=blocks)
    ada = workspace.person("ada")
    card = ada.sees("#general")[-1]
    assert (await ada.presses("Acknowledge", card)).error is None
    form = await workspace.until(ada.modal)
    assert (await ada.submits(form)).error is None
    assert ada.modals() == []
    await ada.reacts("eyes", card)
    assert heard == ["form", "eyes"]
    assert workspace.complaints == []


async def test_a_command_has_the_fields_slack_sends(workspace: Workspace, slack: Any) -> None:
    seen: list[tuple[dict[str, str], dict[str, list[str]], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        raw = await request.read()
        seen.append((dict(request.headers), parse_qs(raw.decode(), keep_blank_values=True), raw))
        return web.Response()

    async with serving(take) as url:
        workspace.use_http(url)
        answer = await workspace.person("ada").types("/health", "#general")
    assert (answer.text, answer.error) == ("", None)
    headers, fields, raw = seen[0]
    assert set(fields) == {
        "token",
        "team_id",
        "team_domain",
        "channel_id",
        "channel_name",
        "user_id",
        "user_name",
        "command",
        "text",
        "api_app_id",
        "is_enterprise_install",
        "response_url",
        "trigger_id",
    }
    assert fields["text"] == [""]
    base = b"v0:" + headers["X-Slack-Request-Timestamp"].encode() + b":" + raw
    signature = hmac.new(workspace.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    assert headers["X-Slack-Signature"] == f"v0={signature}"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("status", [404, 500])
async def test_an_answer_that_is_not_200_is_a_failed_dispatch(status: int, workspace: Workspace, slack: Any) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with serving(refuse) as url:
        workspace.use_http(url)
        answer = await workspace.person("ada").types("/health", "#general")
    assert answer.error == "dispatch_failed"
    assert [complaint.what for complaint in workspace.complaints] == ["not acknowledged: http_error"]


async def test_an_answer_with_blocks_is_shown_to_the_one_who_typed(workspace: Workspace, slack: Any) -> None:
    async def answer_with_blocks(_: web.Request) -> web.Response:
        return web.json_response({"text": "panel", "blocks": [{"type": "divider"}]})

    async with serving(answer_with_blocks) as url:
        workspace.use_http(url)
        answer = await workspace.person("ada").types("/health", "#general")
    assert answer.messages[0].blocks
    assert "panel" not in [message.text for message in workspace.person("ben").sees("#general")]


def is_reaction(body: dict[str, Any]) -> bool:
    """Selects the reaction; the message before it is an event, too."""
    return bool(body["event"]["type"] == "reaction_added")


async def test_an_event_is_retried_with_its_reason_until_it_is_accepted(
    workspace: Workspace, slack: Any, general: str
) -> None:
    tries: list[tuple[str | None, str | None, str]] = []
    workspace.timing.retry_scale = 0

    async def take(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if not is_reaction(body):
            return web.Response()
        headers = request.headers
        tries.append((headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason"), body["event_id"]))
        return web.Response(status=200 if len(tries) == 3 else 500)

    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    async with serving(take) as url:
        workspace.use_http(url)
        await ada.reacts("eyes", message)
        await workspace.until(lambda: len(tries) == 3)
    assert [entry[:2] for entry in tries] == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert len({event_id for *_, event_id in tries}) == 1


async def test_an_event_is_tried_four_times_in_all(workspace: Workspace, slack: Any, general: str) -> None:
    tries: list[str | None] = []
    workspace.timing.retry_scale = 0

    async def refuse(request: web.Request) -> web.Response:
        if is_reaction(json.loads(await request.read())):
            tries.append(request.headers.get("X-Slack-Retry-Num"))
        return web.Response(status=500)

    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    async with serving(refuse) as url:
        workspace.use_http(url)
        await ada.reacts("eyes", message)
        await workspace.until(lambda: sum("reaction_added" in str(one) for one in workspace.complaints) == 4)
    assert tries == [None, "1", "2", "3"]


async def test_an_app_may_ask_for_no_retry(workspace: Workspace, slack: Any, general: str) -> None:
    tries: list[str] = []
    workspace.timing.retry_scale = 0

    async def refuse(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if is_reaction(body):
            tries.append(body["event_id"])
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    async with serving(refuse) as url:
        workspace.use_http(url)
        await ada.reacts("eyes", message)
        await ada.reacts("fire", message)
    assert len(tries) == 2


async def test_a_slow_app_times_out(workspace: Workspace, slack: Any) -> None:
    release = asyncio.Event()
    workspace.timing.ack_seconds = 0.05

    async def linger(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with serving(linger) as url:
        workspace.use_http(url)
        answer = await workspace.person("ada").types("/health", "#general")
        release.set()
    assert answer.error == "operation_timeout"


async def test_the_url_is_verified_by_a_challenge(bolt: AsyncApp, workspace: Workspace) -> None:
    assert isinstance(workspace.courier.transport, HttpMode)
    assert await workspace.courier.transport.verify()
