"""The workspace's channels and direct conversations, their members and messages."""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.sandbox.changes import Change, ChangeKind, Changes
from bot.sandbox.identifiers import Identifiers, Timestamps
from bot.sandbox.model import Channel, Json, Kind, Message, User
from bot.sandbox.numbering import with_ids


class Conversations:
    """Holds the state and notifies of every change; permissions are checked elsewhere."""

    def __init__(self, ids: Identifiers, stamps: Timestamps, changes: Changes, users: dict[str, User]) -> None:
        self._ids, self._stamps, self._changes, self._users = ids, stamps, changes, users
        self._channels: dict[str, Channel] = {}
        self._named: dict[str, Channel] = {}
        self._direct: dict[frozenset[str], Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def get(self, channel_id: str) -> Channel | None:
        return self._channels.get(channel_id)

    def named(self, name: str) -> Channel | None:
        """The channel of this name, even if archived, since its name stays taken."""
        return self._named.get(name.removeprefix("#"))

    def adopt(self, channel: Channel) -> Channel:
        """Add a channel as it is, without notification or message."""
        self._channels[channel.id] = self._named[channel.name] = channel
        return channel

    def create(self, name: str, *, kind: Kind, creator: str, members: Iterable[str] = ()) -> Channel:
        channel = self.adopt(Channel(self._ids.next("C"), name, kind, creator, self._stamps.seconds()))
        self._tell("channel_created", channel, user=creator)
        for user in dict.fromkeys((creator, *members)):
            self.join(channel, user)
        return channel

    def direct(self, one: str, other: str) -> Channel:
        """The direct conversation of two people; created if there is none."""
        if open_already := self._direct.get(frozenset((one, other))):
            return open_already
        channel = Channel(self._ids.next("D"), "directmessage", "im", one, self._stamps.seconds(), [one, other])
        self._channels[channel.id] = self._direct[frozenset((one, other))] = channel
        self._tell("channel", channel)
        return channel

    def join(self, channel: Channel, user: str, *, inviter: str | None = None) -> None:
        if user in channel.members:
            return
        channel.members.append(user)
        notes: Json = {"inviter": inviter} if inviter else {}
        self._tell("member_joined", channel, user=user, **notes)
        self.say_that(channel, user, "channel_join", f"<@{user}> has joined the channel")

    def leave(self, channel: Channel, user: str) -> None:
        if user not in channel.members:
            return
        channel.members.remove(user)
        self._tell("member_left", channel, user=user)
        self.say_that(channel, user, "channel_leave", f"<@{user}> has left the channel")

    def rename(self, channel: Channel, name: str, user: str) -> None:
        old, channel.name = channel.name, name
        del self._named[old]
        self._named[name] = channel
        self._tell("channel_renamed", channel, user=user)
        self.say_that(channel, user, "channel_name", f'has renamed the channel from "{old}" to "{name}"')

    def describe(self, channel: Channel, user: str, *, topic: str | None = None, purpose: str | None = None) -> None:
        if topic is not None:
            channel.topic, channel.topic_by = topic, (user, self._stamps.seconds())
            self.say_that(channel, user, "channel_topic", f"set the channel topic: {topic}")
        if purpose is not None:
            channel.purpose, channel.purpose_by = purpose, (user, self._stamps.seconds())
            self.say_that(channel, user, "channel_purpose", f"set the channel purpose: {purpose}")
        self._tell("channel", channel)

    def archive(self, channel: Channel, user: str) -> None:
        """Nobody can post any more, and apps are removed from the channel."""
        self.say_that(channel, user, "channel_archive", "archived the channel")
        channel.archived = True
        self._tell("channel_archived", channel, user=user)
        channel.members = [member for member in channel.members if not self._users[member].is_bot]

    def unarchive(self, channel: Channel, user: str) -> None:
        channel.archived = False
        self.say_that(channel, user, "channel_unarchive", "un-archived the channel")
        self._tell("channel_unarchived", channel, user=user)

    def make_private(self, channel: Channel, user: str) -> None:
        """Members stay. Only the message tells of it; there is no event."""
        channel.kind = "private"
        self.say_that(channel, user, "channel_convert_to_private", "made this channel private")
        self._tell("channel", channel)

    def remove(self, channel: Channel, user: str) -> None:
        """Delete the channel with all its messages; its name becomes free."""
        del self._channels[channel.id], self._named[channel.name]
        self._tell("channel_deleted", channel, user=user)

    def say(self, channel: Channel, user: str, text: str, **details: Any) -> Message:
        """Add a message; `details` are further fields of Message. Missing block and action ids are filled in."""
        blocks: list[Json] | None = details.pop("blocks", None)
        numbered = with_ids(blocks) if blocks else None
        message = Message(self._stamps.next(), channel.id, user, text, blocks=numbered, **details)
        channel.add(message)
        if message.ephemeral_for is None:
            channel.read_until[user] = message.ts
        self._tell("message", channel, message=message, user=user)
        if message.is_reply and (parent := channel.message(message.thread_ts or "")):
            self._tell("message_changed", channel, message=parent, user=user, replied=True)
        return message

    def say_that(self, channel: Channel, user: str, subtype: str, text: str) -> Message:
        """Add Slack's own message about something that happened in the channel."""
        return self.say(channel, user, text, subtype=subtype)

    def edit(self, message: Message, text: str, *, blocks: list[Json] | None, marks_edited: bool = False) -> None:
        message.text, message.blocks = text, with_ids(blocks) if blocks else None
        if marks_edited:
            message.edited_ts = self._stamps.next()
        self.changed(message)

    def delete(self, message: Message) -> None:
        channel = self._channels[message.channel]
        channel.remove(message)
        channel.pins = [ts for ts in channel.pins if ts != message.ts]
        self._tell("message_deleted", channel, message=message, user=message.user)

    def pin(self, channel: Channel, message: Message, user: str) -> None:
        channel.pins.append(message.ts)
        self.changed(message)

    def unpin(self, channel: Channel, message: Message) -> None:
        channel.pins.remove(message.ts)
        self.changed(message)

    def react(self, message: Message, user: str, name: str) -> None:
        message.reactions.setdefault(name, []).append(user)
        self._tell("reaction_added", self._channels[message.channel], message=message, user=user, name=name)

    def unreact(self, message: Message, user: str, name: str) -> None:
        message.reactions[name].remove(user)
        if not message.reactions[name]:
            del message.reactions[name]
        self._tell("reaction_removed", self._channels[message.channel], message=message, user=user, name=name)

    def mark_read(self, channel: Channel, user: str) -> None:
        if channel.messages:
            channel.read_until[user] = channel.messages[-1].ts
        self._tell("read", channel, user=user)

    def changed(self, message: Message) -> None:
        self._tell("message_changed", self._channels[message.channel], message=message, user=message.user)

    def _tell(
        self, kind: ChangeKind, channel: Channel, *, message: Message | None = None, user: str = "", **notes: Any
    ) -> None:
        self._changes.tell(Change(kind, channel, message, user, notes))
