"""Channels and direct messages in Slack: creating, finding, joining, inviting."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

from bot.domain.errors import Rejected
from bot.slack.calls import Calls


@dataclass(frozen=True)
class Room:
    """`is_member`: the bot is in it. `is_archived`: it accepts no messages. Both are False if they weren't asked
    for."""

    id: str
    name: str
    is_member: bool = False
    is_archived: bool = False


class Conversations(Calls):
    """Where messages go, and who is there."""

    async def open_direct(self, user: str) -> str:
        """The id of the direct-message channel with this person."""
        answer = await self.call("conversations.open", params={"users": user})
        return str(answer["channel"]["id"])

    async def open_room(self, name: str, *, private: bool) -> Room:
        answer = await self.call("conversations.create", params={"name": name, "is_private": private})
        return Room(answer["channel"]["id"], answer["channel"]["name"])

    async def invite(self, channel: str, users: list[str]) -> None:
        """Invite everybody who can be invited; idempotent, and people who can't be invited are skipped."""
        try:
            await self.call(
                "conversations.invite", params={"channel": channel, "users": ",".join(users), "force": True}
            )
        except Rejected as error:
            if error.code not in ("already_in_channel", "cant_invite_self", "cant_invite", "user_not_found"):
                raise

    async def kick(self, channel: str, user: str) -> None:
        """Remove somebody from a channel; idempotent."""
        try:
            await self.call("conversations.kick", params={"channel": channel, "user": user})
        except Rejected as error:
            if error.code not in ("not_in_channel", "user_not_found"):
                raise

    async def archive(self, channel: str) -> None:
        """Archive a channel: nobody can post there, and the bot is removed. Idempotent."""
        try:
            await self.call("conversations.archive", params={"channel": channel})
        except Rejected as error:
            if error.code != "already_archived":
                raise

    async def set_topic(self, channel: str, topic: str) -> None:
        await self.call("conversations.setTopic", params={"channel": channel, "topic": topic})

    async def has_topic(self, channel: str, topic: str) -> bool:
        """Is this the channel's topic? Slack escapes `&`, `<` and `>` in topics, so both are compared unescaped."""
        found = (await self.call("conversations.info", params={"channel": channel}))["channel"]
        return unescape((found.get("topic") or {}).get("value") or "") == unescape(topic)

    async def find_channels(self) -> dict[str, Room]:
        """Every channel the bot can see, by name: public ones, and private ones it is in."""
        rooms: dict[str, Room] = {}
        cursor = ""
        while True:
            params = {"types": "public_channel,private_channel", "limit": 200, "exclude_archived": True}
            answer = await self.call("conversations.list", params=params | ({"cursor": cursor} if cursor else {}))
            rooms |= {room["name"]: _room(room) for room in answer["channels"]}
            cursor = answer.get("response_metadata", {}).get("next_cursor", "")
            if not cursor:
                return rooms

    async def room(self, channel: str) -> Room:
        return _room((await self.call("conversations.info", params={"channel": channel}))["channel"])

    async def was_made_by_us(self, channel: str, *, since: datetime) -> bool:
        """Did this bot create the channel, at this time or later?"""
        found = (await self.call("conversations.info", params={"channel": channel}))["channel"]
        own, _ = await self.whoami()
        return found.get("creator") == own and float(found.get("created", 0)) >= since.timestamp() - 1

    async def join(self, channel: str) -> None:
        await self.call("conversations.join", params={"channel": channel})


def _room(room: Mapping[str, Any]) -> Room:
    return Room(room["id"], room["name"], bool(room.get("is_member")), bool(room.get("is_archived")))
