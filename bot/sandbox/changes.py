"""Notifies listeners of changes in the workspace: the live page, the event sender, waiting tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.sandbox.model import Channel, Json, Message

ChangeKind = Literal[
    "message",
    "message_changed",
    "message_deleted",
    "channel",
    "channel_created",
    "channel_renamed",
    "channel_archived",
    "channel_unarchived",
    "channel_deleted",
    "member_joined",
    "member_left",
    "reaction_added",
    "reaction_removed",
    "read",
    "modals",
    "home",
    "home_opened",
    "mail",
    "users",
    "happenings",
    "connection",
    "notice",
    "uninstalled",
    "tokens_revoked",
]


@dataclass(frozen=True)
class Change:
    """`user`: who did it, or whose screen it is; `notes`: details particular to this kind of change."""

    kind: ChangeKind
    channel: Channel | None = None
    message: Message | None = None
    user: str = ""
    notes: Json = field(default_factory=dict)


class Changes:
    def __init__(self) -> None:
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` for every change from now on; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
