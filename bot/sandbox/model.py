"""The data of a workspace: people, channels, messages, bookmarks, user groups, views and files."""

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["public", "private", "im"]


@dataclass
class User:
    id: str
    name: str
    real_name: str
    email: str = ""
    title: str = ""
    color: str = "4a6fa5"
    is_bot: bool = False
    deleted: bool = False
    # The workspace of a member from outside, through a shared channel; '': this one.
    team: str = ""


@dataclass
class UserGroup:
    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Message:
    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] | None = None
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    metadata: Json | None = None
    by_bot: bool = False
    ephemeral_for: str | None = None
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    parses_names: bool = False  # sent with link_names or parse=full: a plain @here in its text is live

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Bookmark:
    id: str
    title: str
    link: str
    emoji: str = ""


@dataclass(eq=False)
class Channel:
    id: str
    name: str
    kind: Kind
    creator: str
    created: int
    members: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    # Who set them, and when (Unix seconds).
    topic_by: tuple[str, int] = ("", 0)
    purpose_by: tuple[str, int] = ("", 0)
    archived: bool = False
    is_general: bool = False
    messages: list[Message] = field(default_factory=list, repr=False)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    read_until: dict[str, str] = field(default_factory=dict)
    _by_ts: dict[str, Message] = field(default_factory=dict, repr=False)
    _threads: dict[str, list[Message]] = field(default_factory=dict, repr=False)

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self._by_ts[message.ts] = message
        if message.is_reply and message.ephemeral_for is None:
            self._threads.setdefault(str(message.thread_ts), []).append(message)

    def remove(self, message: Message) -> None:
        self.messages.remove(message)
        del self._by_ts[message.ts]
        if message in (thread := self._threads.get(str(message.thread_ts), [])):
            thread.remove(message)

    def holds(self, message: Message) -> bool:
        return self._by_ts.get(message.ts) is message

    def message(self, ts: str) -> Message | None:
        return self._by_ts.get(ts)

    def replies_to(self, ts: str) -> list[Message]:
        return self._threads.get(ts, [])

    def other_member(self, user: str) -> str:
        """The other participant of this direct conversation."""
        return next((member for member in self.members if member != user), user)


@dataclass(eq=False)
class View:
    """A modal or Home tab as Slack stores it; `content` is what the app sent, with missing ids filled in."""

    id: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    values: Json = field(default_factory=dict)

    @property
    def blocks(self) -> list[Json]:
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def title(self) -> str:
        return str(self.content.get("title", {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        return str(self.content.get("callback_id", ""))


@dataclass
class Canvas:
    """A channel's document."""

    id: str
    channel: str
    title: str
    markdown: str


@dataclass
class File:
    id: str
    name: str
    title: str
    length: int
    owner: str
    content: bytes | None = None
    mimetype: str = "application/octet-stream"
    alt_text: str = ""
    channels: list[str] = field(default_factory=list)
    completed: bool = False
