"""conversations.history and replies: reading messages."""

import re

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.identifiers import micros
from bot.sandbox.methods.method import Method, by_kind
from bot.sandbox.methods.paging import page
from bot.sandbox.model import Json, Message
from bot.sandbox.wire import message_json

_HISTORY = by_kind("channels:history", "groups:history", "im:history")
_MOST = 999
_TS = re.compile(r"\d+(\.\d{1,6})?")


def history(call: MethodCall) -> Json:
    """Newest first, without thread replies and ephemeral messages."""
    channel = call.joined(archived=True)
    shown = [m for m in reversed(channel.messages) if not m.is_reply and _is_between(call, m)]
    return _answer(call, shown)


def replies(call: MethodCall) -> Json:
    """A thread, oldest first, starting with its parent."""
    channel = call.joined(archived=True)
    parent = channel.message(call.required("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    return _answer(call, [m for m in [parent, *channel.replies_to(parent.ts)] if m is parent or _is_between(call, m)])


def _answer(call: MethodCall, messages: list[Message]) -> Json:
    chosen, metadata = page(call, messages, most=_MOST)
    with_metadata = call.flag("include_all_metadata")
    return {
        "messages": [message_json(call.state, message, with_metadata=with_metadata) for message in chosen],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": 0,
        "response_metadata": metadata,
    }


def _is_between(call: MethodCall, message: Message) -> bool:
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    if message.ephemeral_for is not None:
        return False
    when = micros(message.ts)
    if call.flag("inclusive"):
        return (oldest is None or when >= oldest) and (latest is None or when <= latest)
    return (oldest is None or when > oldest) and (latest is None or when < latest)


def _bound(call: MethodCall, name: str) -> int | None:
    text = call.text(name)
    if text and not _TS.fullmatch(text):
        raise SlackError(f"invalid_ts_{name}")
    return micros(text) if text else None


METHODS = {
    "conversations.history": Method(history, _HISTORY),
    "conversations.replies": Method(replies, _HISTORY),
}
