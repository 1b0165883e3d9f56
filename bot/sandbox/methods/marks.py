"""pins.*, bookmarks.* and reactions.*."""

import re

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.method import Method, anywhere
from bot.sandbox.model import Bookmark, Channel, Json, Message
from bot.sandbox.wire import bookmark_json, message_json

MOST_PINS = 100
MOST_BOOKMARKS = 100
_EMOJI = re.compile(r":[a-z0-9_+'-]+:")
_EMOJI_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def pin(call: MethodCall) -> Json:
    channel, message = _message(call)
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    if len(channel.pins) >= MOST_PINS:
        raise SlackError("too_many_pins")
    call.state.conversations.pin(channel, message, call.state.bot.id)
    return {}


def unpin(call: MethodCall) -> Json:
    channel, message = _message(call)
    if message.ts not in channel.pins:
        raise SlackError("no_pin")
    call.state.conversations.unpin(channel, message)
    return {}


def list_pins(call: MethodCall) -> Json:
    channel = call.joined(archived=True)
    found = [channel.message(ts) for ts in reversed(channel.pins)]
    items = [message_json(call.state, message) for message in found if message]
    return {"items": [{"type": "message", "channel": channel.id, "message": item} for item in items]}


def add_bookmark(call: MethodCall) -> Json:
    channel = call.joined("channel_id")
    if call.text("type") != "link":
        raise SlackError("invalid_bookmark_type")
    if len(channel.bookmarks) >= MOST_BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    bookmark = Bookmark(call.state.ids.next("Bk"), call.required("title"), _link(call), _emoji(call))
    channel.bookmarks.append(bookmark)
    return {"bookmark": bookmark_json(channel, bookmark)}


def edit_bookmark(call: MethodCall) -> Json:
    channel, bookmark = _bookmark(call)
    bookmark.title = call.text("title") or bookmark.title
    bookmark.link = _link(call) if call.text("link") else bookmark.link
    bookmark.emoji = _emoji(call) or bookmark.emoji
    return {"bookmark": bookmark_json(channel, bookmark)}


def remove_bookmark(call: MethodCall) -> Json:
    channel, bookmark = _bookmark(call)
    channel.bookmarks.remove(bookmark)
    return {}


def list_bookmarks(call: MethodCall) -> Json:
    channel = call.joined("channel_id", archived=True)
    return {"bookmarks": [bookmark_json(channel, bookmark) for bookmark in channel.bookmarks]}


def react(call: MethodCall) -> Json:
    _, message = _message(call)
    name = _reaction(call)
    if call.state.bot.id in message.reactions.get(name, ()):
        raise SlackError("already_reacted")
    call.state.conversations.react(message, call.state.bot.id, name)
    return {}


def unreact(call: MethodCall) -> Json:
    _, message = _message(call)
    name = _reaction(call)
    if call.state.bot.id not in message.reactions.get(name, ()):
        raise SlackError("no_reaction")
    call.state.conversations.unreact(message, call.state.bot.id, name)
    return {}


def _message(call: MethodCall) -> tuple[Channel, Message]:
    channel = call.joined()
    if not call.text("timestamp"):
        raise SlackError("no_item_specified")
    return channel, call.message(channel, "timestamp")


def _bookmark(call: MethodCall) -> tuple[Channel, Bookmark]:
    channel = call.joined("channel_id")
    wanted = call.required("bookmark_id")
    found = next((bookmark for bookmark in channel.bookmarks if bookmark.id == wanted), None)
    if found is None:
        raise SlackError("not_found")
    return channel, found


def _link(call: MethodCall) -> str:
    link = call.required("link", "invalid_link")
    if not link.startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    return link


def _emoji(call: MethodCall) -> str:
    emoji = call.text("emoji")
    if emoji and not _EMOJI.fullmatch(emoji):
        raise SlackError("invalid_emoji")
    return emoji


def _reaction(call: MethodCall) -> str:
    name = call.text("name")
    if not _EMOJI_NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return name


METHODS = {
    "pins.add": Method(pin, anywhere("pins:write"), changes=True),
    "pins.remove": Method(unpin, anywhere("pins:write"), changes=True),
    "pins.list": Method(list_pins, anywhere("pins:read")),
    "bookmarks.add": Method(add_bookmark, anywhere("bookmarks:write"), changes=True),
    "bookmarks.edit": Method(edit_bookmark, anywhere("bookmarks:write"), changes=True),
    "bookmarks.remove": Method(remove_bookmark, anywhere("bookmarks:write"), changes=True),
    "bookmarks.list": Method(list_bookmarks, anywhere("bookmarks:read")),
    "reactions.add": Method(react, anywhere("reactions:write"), changes=True),
    "reactions.remove": Method(unreact, anywhere("reactions:write"), changes=True),
}
