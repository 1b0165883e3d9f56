"""Messages in Slack: posting, editing, finding them again, answering where somebody typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.domain.errors import Rejected, Unanswered
from bot.slack.blocks import Message
from bot.slack.calls import CALL_TIMEOUT_S, Calls

METADATA_TYPE = "tocsin_delivery"
# Slack's word for blocks it does not take, such as a file that is not ready yet; the status tells no more.
UNREADABLE = "invalid_blocks"


@dataclass(frozen=True)
class Posted:
    channel: str
    ts: str


class Messages(Calls):
    """What is said, and where it stands."""

    async def post(
        self, channel: str, message: Message, *, key: str | None = None, thread_ts: str | None = None
    ) -> Posted:
        """Post to a channel, or to a person by their id. `key` is kept in the message's metadata, to find it again."""
        answer = await self.call(
            "chat.postMessage", channel=channel, text=message.text, blocks=list(message.blocks),
            metadata=_metadata(key), thread_ts=thread_ts, unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return Posted(answer["channel"], answer["ts"])

    async def update(self, posted: Posted, message: Message, *, key: str | None = None) -> None:
        await self.call(
            "chat.update", channel=posted.channel, ts=posted.ts, text=message.text, blocks=list(message.blocks),
            metadata=_metadata(key), parse="none",
        )  # fmt: skip

    async def take_back(self, posted: Posted) -> None:
        """Delete a message of ours; one that is gone already is no trouble."""
        try:
            await self.call("chat.delete", channel=posted.channel, ts=posted.ts)
        except Rejected as error:
            if error.code != "message_not_found":
                raise

    async def find_posted(self, channel: str, key: str, *, oldest: float) -> Posted | None:
        """Our first message with this key in the conversation's history, among those newer than `oldest` (Unix
        seconds)."""
        params = {"channel": channel, "include_all_metadata": True, "limit": 200, "oldest": f"{oldest:.6f}"}
        answer = await self.call("conversations.history", params=params)
        # Slack gives the newest first.
        for found in reversed(answer.get("messages", [])):
            if found.get("metadata", {}).get("event_payload", {}).get("key") == key:
                return Posted(channel, found["ts"])
        return None

    async def message_at(self, channel: str, ts: str) -> dict[str, Any] | None:
        """The message that stands there, also inside a thread; None when it is gone."""
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
                    code = UNREADABLE if UNREADABLE in await answer.text() else str(answer.status)
                    raise Rejected(f"Slack says {code} to an answer", code)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unanswered("Slack did not take an answer") from error


def _metadata(key: str | None) -> Mapping[str, Any] | None:
    return {"event_type": METADATA_TYPE, "event_payload": {"key": key}} if key else None
