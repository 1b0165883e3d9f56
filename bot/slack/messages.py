"""Messages in Slack: posting, editing, finding them again, answering where somebody typed."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.errors import Failed, Rejected, Unanswered
from bot.slack.blocks import Message, plainer
from bot.slack.calls import CALL_TIMEOUT_S, WHOSE
from bot.slack.conversations import Conversations
from bot.wire.answers import Answer
from bot.wire.http_client import ask

log = logging.getLogger(__name__)

METADATA_TYPE = "tocsin_delivery"
# How much earlier than the time in question we read. Keys are unique, so a wide margin only costs reading.
WINDOW = timedelta(days=1)
PAGES = 25
# How people's ids begin.
PERSON = ("U", "W")
# Slack's code for blocks that it doesn't accept, such as a file that isn't ready yet; it gives no details.
UNREADABLE = "invalid_blocks"
WORD = re.compile(r"[a-z][a-z_]{1,60}")


@dataclass(frozen=True)
class Posted:
    """The position of a message. As text, and parsed from it: `<channel>/<ts>`."""

    channel: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.ts}"

    @classmethod
    def read(cls, text: str) -> "Posted":
        channel, _, ts = text.partition("/")
        return cls(channel, ts)


class TooMuchSaid(Unanswered):
    """A conversation has more messages than we can search."""


class Messages(Conversations):
    """What is said, and where."""

    async def post(
        self, channel: str, message: Message, *, key: str | None = None, thread_ts: str | None = None
    ) -> Posted:
        """Post to a channel, or to a person by id. `key` goes into the metadata, so that the message can be found
        again."""
        answer = await self._say(
            "chat.postMessage", message, channel=channel, metadata=_metadata(key), thread_ts=thread_ts,
            unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return Posted(answer["channel"], answer["ts"])

    async def update(self, posted: Posted, message: Message, *, key: str | None = None) -> None:
        place = {"channel": posted.channel, "ts": posted.ts}
        await self._say("chat.update", message, **place, metadata=_metadata(key), parse="none")

    async def _say(self, method: str, message: Message, **params: Any) -> Mapping[str, Any]:
        """Send the message; if Slack rejects its blocks, retry without pictures, then as plain text."""
        for said in (message, *plainer(message)):
            try:
                return await self.call(method, text=said.text, blocks=list(said.blocks), **params)
            except Rejected as error:
                if error.code != UNREADABLE:
                    raise
                log.warning("slack=%s takes no such blocks: %s", method, error)
                refused = error
        raise refused

    async def take_back(self, posted: Posted) -> None:
        """Delete a message of ours; idempotent."""
        try:
            await self.call("chat.delete", channel=posted.channel, ts=posted.ts)
        except Rejected as error:
            if error.code != "message_not_found":
                raise

    async def find_posted(
        self, channel: str, key: str, *, since: datetime, within: timedelta = WINDOW
    ) -> Posted | None:
        """Our first message with this key in a channel, or in the conversation with a person; None if there is none.

        Like `all_posted`.
        """
        return next(iter(await self.all_posted(channel, key, since=since, within=within)), None)

    async def all_posted(self, channel: str, key: str, *, since: datetime, within: timedelta = WINDOW) -> list[Posted]:
        """Our messages with this key since then, oldest first.

        The key identifies them. `since`, by our clock, only limits how far back we read, with a tolerance of `within`.
        Slack's clock skew is known from its Date header and allowed for. Raises TooMuchSaid.
        """
        if channel.startswith(PERSON):
            # A person's id can be posted to but has no history.
            channel = await self.open_direct(channel)
        found: list[Posted] = []
        cursor: dict[str, str] = {}
        for _ in range(PAGES):
            params = {"channel": channel, "include_all_metadata": True, "limit": 200, **cursor}
            answer = await self.call("conversations.history", params=params)
            # A proxy may have set the Date header to anything, so the skew may only extend how far back we read.
            oldest = (since - within).timestamp() + min(self.ahead_s, 0)
            # Slack returns the newest first.
            said, following = _history(answer)
            found = [Posted(channel, ts) for ts, its_key in reversed(said) if its_key == key] + found
            cursor = {"cursor": following}
            if not following or (said and float(said[-1][0]) < oldest):
                return found
        raise TooMuchSaid("more was posted since than can be looked through")

    async def find_replies(self, channel: str, thread_ts: str, key: str) -> list[Posted]:
        """Our replies with this key in a thread of ours, oldest first. Raises TooMuchSaid."""
        found: list[Posted] = []
        cursor: dict[str, str] = {}
        for _ in range(PAGES):
            params = {"channel": channel, "ts": thread_ts, "include_all_metadata": True, "limit": 200, **cursor}
            said, following = _history(await self.call("conversations.replies", params=params))
            found += [Posted(channel, ts) for ts, its_key in said if its_key == key]
            cursor = {"cursor": following}
            if not following:
                return found
        raise TooMuchSaid("the thread has more replies than can be looked through")

    async def message_at(self, channel: str, ts: str) -> dict[str, Any] | None:
        """The message at this position, also inside a thread; None if it was deleted."""
        params = {"channel": channel, "ts": ts, "latest": ts, "oldest": ts, "inclusive": True, "limit": 1}
        answer = await self.call("conversations.replies", params=params)
        return next((found for found in answer.get("messages", []) if found["ts"] == ts), None)

    async def permalink(self, posted: Posted) -> str:
        answer = await self.call("chat.getPermalink", params={"channel": posted.channel, "message_ts": posted.ts})
        return str(answer["permalink"])

    async def pin(self, posted: Posted) -> None:
        try:
            await self.call("pins.add", params={"channel": posted.channel, "timestamp": posted.ts})
        except Rejected as error:
            if error.code != "already_pinned":
                raise

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        """Post an ephemeral message: only this person sees it, and only if they are in the channel."""
        await self.call(
            "chat.postEphemeral", channel=channel, user=user, text=message.text, blocks=list(message.blocks)
        )

    async def respond(self, response_url: str, message: Message, *, replace: bool = False) -> None:
        """Answer a command or button where it was used, even where the bot isn't a member. Valid for 30 minutes."""
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "blocks": list(message.blocks),
        }
        answer = await ask(
            self._session,
            "POST",
            response_url,
            whose=WHOSE,
            timeout_s=CALL_TIMEOUT_S,
            proxy=self.client.proxy,
            json=body,
        )
        if not answer.is_yes or answer.is_web_page:
            raise _not_taken(answer)


def _not_taken(answer: Answer) -> Failed:
    """The error for a refused answer. Slack sends just a code such as `used_url` or `invalid_blocks`, in JSON or
    bare."""
    words = str(answer.json.get("error") or answer.body.decode("utf-8", "replace").strip())
    if not 400 <= answer.status < 500 or not WORD.fullmatch(words):
        return Unanswered(f"Slack did not take an answer: HTTP {answer.shown}")
    code = UNREADABLE if words == UNREADABLE else str(answer.status)
    return Rejected(f"Slack says {words} to an answer", code)


def _history(answer: Mapping[str, Any]) -> tuple[list[tuple[str, Any]], str]:
    """The `ts` and key of each message, and the cursor of the next page. Raises Unanswered if it isn't a history: then
    we don't know what was posted, and a message may eventually be sent again."""
    try:
        said = [(f"{one['ts']}", _key_of(one)) for one in answer["messages"] if float(one["ts"]) >= 0]
        return said, (answer.get("response_metadata") or {}).get("next_cursor") or ""
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unanswered("Slack's answer is not the history of a conversation") from error


def _key_of(said: Mapping[str, Any]) -> Any:
    return ((said.get("metadata") or {}).get("event_payload") or {}).get("key")


def _metadata(key: str | None) -> Mapping[str, Any] | None:
    return {"event_type": METADATA_TYPE, "event_payload": {"key": key}} if key else None
