"""Calls to Slack, in our words; every answer that is not a yes becomes one of our errors."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.domain.errors import Failed, RateLimited, Rejected, Unanswered, Unreachable
from bot.metrics import Metrics
from bot.outgoing import TooLate
from bot.slack.blocks import Message

CALL_TIMEOUT_S = 10
METADATA_TYPE = "tocsin_delivery"
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# The app's installation is at fault and an operator can mend it: worth another try, nothing was accepted.
CURABLE = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    "no_permission", "accesslimited", "restricted_action", "service_unavailable", "team_access_not_granted",
})  # fmt: skip
# Slack itself failed and may have done the work all the same.
DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout"})


@dataclass(frozen=True)
class Posted:
    channel: str
    ts: str


@dataclass(frozen=True)
class Room:
    id: str
    name: str


class AppRefused(Unreachable):
    """The token or a scope is at fault: an operator can mend it, so what waits is kept."""


class Gateway:
    """One per process. Nothing is sent again by itself: a call that may have been accepted raises Unanswered.

    The SDK's own retries would post twice after a dropped connection, so they are switched off.
    """

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, *, token: str, base_url: str, metrics: Metrics | None = None
    ) -> None:
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._resting: dict[str, datetime] = {}
        self._session = session
        self.client = AsyncWebClient(
            token=token, base_url=base_url, session=session, timeout=CALL_TIMEOUT_S, retry_handlers=[]
        )
        # The SDK applies a proxy of the environment to every address, also to one on this machine.
        if urlsplit(base_url).hostname in LOOPBACK:
            self.client.proxy = None

    async def call(self, method: str, *, params: Mapping[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """Any Web API method: `params` go into the query, the rest as JSON. Raises a kind of Failed.

        Where Slack has just asked for patience it is not asked again before its time: a hundred messages that wait for
        one channel would else all be refused at once, again and again.
        """
        place = _place(method, body)
        self._must_not_rest(place)
        began, outcome = time.perf_counter(), "ok"
        try:
            return await self._ask(method, params, body)
        except Failed as failure:
            outcome = type(failure).__name__
            if isinstance(failure, RateLimited):
                self._resting[place] = self._clock.now() + failure.retry_after
            raise
        finally:
            self._metrics.slack_called(method, time.perf_counter() - began, outcome)

    async def _ask(self, method: str, params: Mapping[str, Any] | None, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            if params is not None:
                answer = await self.client.api_call(method, params=_present(params))
            else:
                answer = await self.client.api_call(method, json=_present(body))
        except SlackApiError as error:
            raise _failure(method, error) from error
        except TooLate:
            raise
        except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError) as error:
            raise Unreachable(f"Slack cannot be reached ({method})") from error
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            raise Unanswered(f"Slack did not answer ({method})") from error
        return answer.data if isinstance(answer.data, dict) else {}

    def _must_not_rest(self, place: str) -> None:
        until = self._resting.get(place)
        if until is None:
            return
        left = until - self._clock.now()
        if left > timedelta(0):
            raise RateLimited(f"Slack asks for patience ({place})", left)
        del self._resting[place]

    async def post(
        self, channel: str, message: Message, *, key: str | None = None, thread_ts: str | None = None
    ) -> Posted:
        """Post to a channel, or to a person by their id. `key` is kept in the message's metadata, to find it again."""
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"key": key}} if key else None
        answer = await self.call(
            "chat.postMessage", channel=channel, text=message.text, blocks=list(message.blocks), metadata=metadata,
            thread_ts=thread_ts, unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return Posted(answer["channel"], answer["ts"])

    async def update(self, posted: Posted, message: Message, *, key: str | None = None) -> None:
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"key": key}} if key else None
        await self.call(
            "chat.update", channel=posted.channel, ts=posted.ts, text=message.text, blocks=list(message.blocks),
            metadata=metadata, parse="none",
        )  # fmt: skip

    async def find_posted(self, channel: str, key: str, *, oldest: float) -> Posted | None:
        """Our message with this key in the conversation's history, among those newer than `oldest` (Unix seconds)."""
        params = {"channel": channel, "include_all_metadata": True, "limit": 200, "oldest": f"{oldest:.6f}"}
        answer = await self.call("conversations.history", params=params)
        for found in answer.get("messages", []):
            if found.get("metadata", {}).get("event_payload", {}).get("key") == key:
                return Posted(channel, found["ts"])
        return None

    async def message_at(self, channel: str, ts: str) -> dict[str, Any] | None:
        """The message that stands there, also inside a thread; None when it is gone."""
        params = {"channel": channel, "ts": ts, "latest": ts, "oldest": ts, "inclusive": True, "limit": 1}
        answer = await self.call("conversations.replies", params=params)
        return next((found for found in answer.get("messages", []) if found["ts"] == ts), None)

    async def open_direct(self, user: str) -> str:
        """The id of the direct conversation with this person."""
        answer = await self.call("conversations.open", params={"users": user})
        return str(answer["channel"]["id"])

    async def open_room(self, name: str, *, private: bool) -> Room:
        answer = await self.call("conversations.create", params={"name": name, "is_private": private})
        return Room(answer["channel"]["id"], answer["channel"]["name"])

    async def invite(self, channel: str, users: list[str]) -> None:
        """Invite all who can be invited; those who are in already, and those who cannot be, change nothing."""
        try:
            await self.call(
                "conversations.invite", params={"channel": channel, "users": ",".join(users), "force": True}
            )
        except Rejected as error:
            if error.code not in ("already_in_channel", "cant_invite_self", "cant_invite", "user_not_found"):
                raise

    async def set_topic(self, channel: str, topic: str) -> None:
        await self.call("conversations.setTopic", params={"channel": channel, "topic": topic})

    async def pin(self, posted: Posted) -> None:
        try:
            await self.call("pins.add", params={"channel": posted.channel, "timestamp": posted.ts})
        except Rejected as error:
            if error.code != "already_pinned":
                raise

    async def find_channels(self) -> dict[str, Room]:
        """Every channel the bot can see, by name: public ones, and private ones it is in."""
        rooms: dict[str, Room] = {}
        cursor = ""
        while True:
            params = {"types": "public_channel,private_channel", "limit": 200, "exclude_archived": True}
            answer = await self.call("conversations.list", params=params | ({"cursor": cursor} if cursor else {}))
            rooms |= {room["name"]: Room(room["id"], room["name"]) for room in answer["channels"]}
            cursor = answer.get("response_metadata", {}).get("next_cursor", "")
            if not cursor:
                return rooms

    async def was_made_by_us(self, channel: str, *, since: datetime) -> bool:
        """Did this bot open the channel, at this time or later?"""
        found = (await self.call("conversations.info", params={"channel": channel}))["channel"]
        own, _ = await self.whoami()
        return found.get("creator") == own and float(found.get("created", 0)) >= since.timestamp() - 1

    async def join(self, channel: str) -> None:
        await self.call("conversations.join", params={"channel": channel})

    async def account_of(self, email: str) -> str | None:
        """The id of the member with this address; None when there is none."""
        try:
            answer = await self.call("users.lookupByEmail", params={"email": email})
        except Rejected as error:
            if error.code in ("users_not_found", "user_not_found"):
                return None
            raise
        return str(answer["user"]["id"])

    async def name_of(self, user: str) -> str:
        """How this member is called."""
        found = (await self.call("users.info", params={"user": user}))["user"]
        return str(found.get("real_name") or found.get("profile", {}).get("display_name") or found.get("name") or user)

    async def permalink(self, posted: Posted) -> str:
        answer = await self.call("chat.getPermalink", params={"channel": posted.channel, "message_ts": posted.ts})
        return str(answer["permalink"])

    async def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        await self.call("views.open", trigger_id=trigger_id, view=view)

    async def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        await self.call("views.publish", user_id=user, view=view)

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        """Only this person sees it, and only if they are in the channel."""
        await self.call(
            "chat.postEphemeral", channel=channel, user=user, text=message.text, blocks=list(message.blocks)
        )

    async def respond(self, response_url: str, message: Message, *, replace: bool = False) -> None:
        """Answer a command or button where it was used; works where the bot is no member. Good for 30 minutes."""
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "blocks": list(message.blocks),
        }
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        try:
            async with self._session.post(response_url, json=body, timeout=timeout) as answer:
                if answer.status >= 400:
                    raise Rejected(f"Slack says {answer.status} to an answer", str(answer.status))
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unanswered("Slack did not take an answer") from error

    async def whoami(self) -> tuple[str, frozenset[str]]:
        """The bot's own user id, and the scopes its token has."""
        try:
            answer = await self.client.auth_test()
        except SlackApiError as error:
            raise _failure("auth.test", error) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable("Slack cannot be reached (auth.test)") from error
        scopes = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        return str(answer["user_id"]), frozenset(part.strip() for part in scopes.split(",") if part.strip())


def _place(method: str, body: Mapping[str, Any]) -> str:
    """What shares one of Slack's limits: a channel for posts, the whole method for everything else."""
    return f"{method} {body['channel']}" if method == "chat.postMessage" else method


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Slack rejects many explicit nulls, and wants 1 and 0 in a query."""
    return {name: value for name, value in values.items() if value is not None}


def _failure(method: str, error: SlackApiError) -> Failed:
    answer = error.response
    code = str(answer.get("error") or "") if isinstance(answer.data, dict) else ""
    status = int(answer.status_code or 0)
    if status == 429 or code in ("ratelimited", "rate_limited"):
        seconds = float({name.lower(): value for name, value in answer.headers.items()}.get("retry-after", 1))
        return RateLimited(f"Slack asks for {seconds:.0f} s of patience ({method})", timedelta(seconds=seconds))
    if status >= 500 or code in DOUBTFUL:
        return Unanswered(f"Slack had an error of its own: {code or status} ({method})")
    if code in CURABLE:
        needed = f", needs the scope {answer.get('needed')}" if answer.get("needed") else ""
        return AppRefused(f"Slack refuses this app: {code}{needed} ({method})")
    return Rejected(f"Slack says {code or status} ({method})", code)
