"""The door for Slack: Bolt receives requests over Socket Mode or HTTP, stores each, and acknowledges it."""

import asyncio
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request import async_request
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import Failed
from bot.doors.request_bodies import read_body
from bot.doors.slack_keys import key_of
from bot.doors.slack_shapes import fault_in
from bot.services.upkeep.reception import Reception

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
# Slack's check of our certificate is a form with this field, and the only request it doesn't sign.
CERTIFICATE_CHECK, LARGEST_CHECK = b"ssl_check=1", 1024
NOT_SIGNED = "not signed by Slack with SLACK_SIGNING_SECRET"
# Slack itself, which is not marked as a bot.
SLACKBOT = "USLACKBOT"
# Changes to messages that may be in a timeline.
FOLLOWED = ("message_changed", "message_deleted")
ANYTHING = re.compile(".*", re.DOTALL)

# Errors in a form's inputs, by block: Slack shows them beside the inputs and keeps the form open.
Judge = Callable[[str, Mapping[str, Any]], Mapping[str, str]]
# Makes the sentence for a request that was not, or possibly not, recorded.
NotRecorded = Callable[[Failed], str]


class SlackApp:
    """A Bolt app whose listeners only store and acknowledge; the desk does the work."""

    def __init__(
        self,
        client: AsyncWebClient,
        reception: Reception,
        *,
        signing_secret: str | None,
        judge: Judge,
        events: Collection[str],
        not_recorded: NotRecorded,
        measure: Callable[[float], None],
    ) -> None:
        self._reception = reception
        self._judge = judge
        self._events = events
        self._not_recorded = not_recorded
        self._measure = measure
        self._signing_secret = (signing_secret or secrets.token_hex()).encode()
        self._telling: set[asyncio.Task[None]] = set()
        self.bolt = _bolt_app(client, signing_secret)
        self._bind()

    async def over_http(self, request: web.Request) -> web.StreamResponse:
        """`POST /slack/events`: every request of Slack in HTTP mode."""
        body = await read_body(request, LARGEST_BODY)
        if not _is_whole_number(request.headers.get("X-Slack-Request-Timestamp", "0")):
            return web.json_response({"error": "unreadable request"}, status=400)
        # Nothing is parsed, however short, before the signature is verified.
        if not self._is_signed(body, request.headers):
            is_check = len(body) <= LARGEST_CHECK and CERTIFICATE_CHECK in body.split(b"&")
            return web.Response() if is_check else web.json_response({"error": NOT_SIGNED}, status=401)
        try:
            bolt_request = AsyncBoltRequest(
                body=body.decode(), query=request.query_string, headers=dict(request.headers)
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return web.json_response({"error": "unreadable request"}, status=400)
        return await to_aiohttp_response(await self.bolt.async_dispatch(bolt_request))

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Bolt checks the timestamp afterwards: a replayed request costs no more than a new one."""
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        made = hmac.digest(self._signing_secret, f"v0:{stamp}:".encode() + body, "sha256").hex()
        given = headers.get("X-Slack-Signature", "").encode("utf-8", "replace")
        return hmac.compare_digest(f"v0={made}".encode(), given)

    def _bind(self) -> None:
        bolt = self.bolt
        bolt.use(_told_to_slow_down)
        bolt.command(ANYTHING)(self._listener("command"))
        bolt.action(ANYTHING)(self._listener("action"))
        bolt.shortcut(ANYTHING)(self._listener("shortcut"))
        bolt.event(ANYTHING)(self._happened)
        bolt.view_submission(ANYTHING)(self._submitted)
        bolt.view_closed(ANYTHING)(_acknowledge)
        bolt.options(ANYTHING)(_no_options)

    def _listener(self, kind: str) -> Callable[..., Awaitable[None]]:
        async def listener(ack: AsyncAck, body: dict[str, Any]) -> None:
            sentence = await self._store(kind, body)
            # Only a slash command shows the text of its acknowledgement.
            await (ack(sentence) if sentence and kind == "command" else ack())
            if sentence and kind != "command":
                self._tell(kind, body, sentence)

        return listener

    async def _happened(self, ack: AsyncAck, body: dict[str, Any]) -> BoltResponse | None:
        """Slack repeats an event that is not acknowledged: after a moment, a minute, and five.

        Events that concern nobody here are not stored.
        """
        if self._concerns_us(body) and not _is_no_word_to_us(body["event"]) and await self._store("event", body):
            return BoltResponse(status=503)
        await ack()
        return None

    def _concerns_us(self, body: Mapping[str, Any]) -> bool:
        """Slack sends one whenever anybody is invited anywhere. It matters when it is the bot that joined, or when it
        was in a private channel, which may belong to a private incident."""
        event = body["event"]
        if event["type"] == "member_joined_channel":
            ours = [one.get("user_id") for one in body.get("authorizations") or ()]
            is_new = event.get("user") in ours or event.get("channel_type") == "G"
            return is_new and event["type"] in self._events
        return event["type"] in self._events

    def _tell(self, kind: str, body: Mapping[str, Any], sentence: str) -> None:
        """Reply in the background, so that the acknowledgement doesn't wait for it."""
        task = asyncio.create_task(self._reception.say(key_of(kind, body), kind, body, sentence))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        errors = self._judge(view.get("callback_id", ""), view["state"]["values"])
        if errors:
            await ack(response_action="errors", errors=dict(errors))
            return
        sentence = await self._store("form", body)
        blocks = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
        # Keep the form open with everything that was typed.
        if sentence and blocks:
            await ack(response_action="errors", errors={blocks[0]: sentence})
            return
        await ack()
        if sentence:
            self._tell("form", body, sentence)

    async def _store(self, kind: str, body: dict[str, Any]) -> str | None:
        """None when stored; else the sentence that says it was not, or that nobody knows.

        The acknowledgement waits for nothing else.
        """
        began = time.perf_counter()
        try:
            await self._reception.take(key_of(kind, body), kind, body)
        except Failed as error:
            log.error("kind=%s not recorded, as far as is known: %s", kind, error)
            return self._not_recorded(error)
        finally:
            self._measure(time.perf_counter() - began)
        return None


def _is_no_word_to_us(event: Mapping[str, Any]) -> bool:
    """Each of our own pages, and each edit of one, comes back as a message. Bots and workflows are ignored."""
    if event["type"] not in ("message", "app_mention"):
        return False
    if event.get("channel_type") != "im" and event.get("subtype") in FOLLOWED:
        return _is_a_bots(event.get("message") or event.get("previous_message") or {})
    is_a_persons = event.get("user") and event["user"] != SLACKBOT and not event.get("bot_id")
    is_for_us = event["type"] == "app_mention" or event.get("channel_type") == "im"
    return not (is_a_persons and is_for_us) or bool(event.get("subtype"))


def _is_a_bots(message: Mapping[str, Any]) -> bool:
    return bool(message.get("bot_id")) or message.get("user") == SLACKBOT


def _is_whole_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,20}", text.strip()) is not None


def _bolt_app(client: AsyncWebClient, signing_secret: str | None) -> AsyncApp:
    return AsyncApp(
        # Without a name, Bolt reads the source of all its callers to find one.
        name="tocsin",
        client=client,
        signing_secret=signing_secret or "socket-mode-has-no-signatures",
        # Answer after the listener, which only stores, has ended: 0.2 ms, where Bolt's polling for it would take 10 ms.
        process_before_response=True,
        request_verification_enabled=signing_secret is not None,
        authorize=_one_workspace,
        ignoring_self_events_enabled=False,
        logger=_bolt_log(),
    )


def _bolt_log() -> logging.Logger:
    """Bolt warns that it ignores the token; only the gateway needs it."""
    bolt_log = logging.getLogger("slack_bolt")
    bolt_log.addFilter(_is_news)
    return bolt_log


def _is_news(record: logging.LogRecord) -> bool:
    return not re.search("token.* will be (ignored|unused)", record.getMessage())


async def _one_workspace(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
    """All requests are from the one workspace that the token is for.

    Bolt would ask Slack at the first request, within its three seconds, and lose the request when Slack is away.
    """
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


async def _told_to_slow_down(body: dict[str, Any], next: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
    """Slack holds events back when there are too many, and says so once a minute in a form that Bolt doesn't know."""
    if body.get("type") != "app_rate_limited":
        return await next()
    log.warning("slack keeps events back: more than it delivers within an hour")
    return BoltResponse(status=200)


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()


async def _no_options(ack: AsyncAck) -> None:
    await ack(options=[])


def parse_body(body: str, content_type: str | None) -> dict[str, Any]:
    """Replaces Bolt's, which takes any form that contains the word "payload" for a button press and loses the command.

    Raises ValueError for what Slack never sends, whatever its signature says.
    """
    if not body:
        return {}
    if content_type == "application/json" or body.startswith("{"):
        found = _object(body)
    else:
        fields = dict(parse_qsl(body, keep_blank_values=True))
        found = _object(fields["payload"]) if "payload" in fields else dict(fields)
    if fault := fault_in(found):
        raise ValueError(f"not as Slack sends it, at {fault}")
    return found


def _object(text: str) -> dict[str, Any]:
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    return content


def mend_bolt() -> None:
    """Replace Bolt's body parser with ours; called once by the composition."""
    async_request.parse_body = parse_body  # type: ignore[attr-defined]
