"""conversations.*: creating, renaming, describing and archiving channels."""

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import limits
from bot.sandbox.methods.channel_names import check_name
from bot.sandbox.methods.method import Method, by_kind
from bot.sandbox.methods.paging import page
from bot.sandbox.model import Channel, Json, Kind
from bot.sandbox.wire import channel_json

_MANAGE = by_kind("channels:manage", "groups:write", "im:write")
_READ = by_kind("channels:read", "groups:read", "im:read")
_TYPES = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}


def create(call: MethodCall) -> Json:
    kind: Kind = "private" if call.flag("is_private") else "public"
    call.need_scope(kind)
    name = call.text("name")
    check_name(call.state, name)
    channel = call.state.conversations.create(name, kind=kind, creator=call.state.bot.id)
    call.touched = channel
    return {"channel": channel_json(call.state, channel)}


def rename(call: MethodCall) -> Json:
    channel = _own_room(call)
    if channel.creator != call.state.bot.id:
        raise SlackError("not_authorized")
    name = call.text("name")
    check_name(call.state, name)
    call.state.conversations.rename(channel, name, call.state.bot.id)
    return {"channel": channel_json(call.state, channel)}


def set_topic(call: MethodCall) -> Json:
    channel = _own_room(call)
    topic = _short(call, "topic")
    call.state.conversations.describe(channel, call.state.bot.id, topic=topic)
    return {"channel": channel_json(call.state, channel), "topic": topic}


def set_purpose(call: MethodCall) -> Json:
    channel = _own_room(call)
    purpose = _short(call, "purpose")
    call.state.conversations.describe(channel, call.state.bot.id, purpose=purpose)
    return {"channel": channel_json(call.state, channel), "purpose": purpose}


def archive(call: MethodCall) -> Json:
    channel = _room(call)
    if channel.archived:
        raise SlackError("already_archived")
    if channel.is_general:
        raise SlackError("cant_archive_general")
    if call.state.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    call.state.conversations.archive(channel, call.state.bot.id)
    return {}


def unarchive(call: MethodCall) -> Json:
    """Never works for a bot, because archiving removes it from the channel."""
    channel = _room(call)
    if not channel.archived:
        raise SlackError("not_archived")
    raise SlackError("not_in_channel")


def info(call: MethodCall) -> Json:
    channel = call.conversation()
    answer = channel_json(call.state, channel)
    if not call.flag("include_num_members"):
        answer.pop("num_members", None)
    canvas = next((one for one in call.state.canvases.values() if one.channel == channel.id), None)
    if canvas:
        answer["properties"] = {"canvas": {"file_id": canvas.id, "is_empty": not canvas.markdown}}
    return {"channel": answer}


def list_all(call: MethodCall) -> Json:
    wanted = [_TYPES.get(name, "") for name in call.names("types")] or ["public"]
    if "" in wanted:
        raise SlackError("invalid_types")
    for kind in wanted:
        call.need_scope(kind)
    found = [c for c in call.state.conversations if c.kind in wanted and _is_listed(call, c)]
    chosen, metadata = page(call, found)
    return {"channels": [channel_json(call.state, channel) for channel in chosen], "response_metadata": metadata}


def members(call: MethodCall) -> Json:
    channel = call.conversation()
    chosen, metadata = page(call, channel.members)
    return {"members": chosen, "response_metadata": metadata}


def open_direct(call: MethodCall) -> Json:
    call.need_scope("im")
    users = call.names("users")
    if not users and not call.text("channel"):
        raise SlackError("users_list_not_supplied")
    channel = _direct_with(call, users) if users else call.conversation()
    call.touched = channel
    full = call.flag("return_im")
    return {"channel": channel_json(call.state, channel) if full else {"id": channel.id}}


def _direct_with(call: MethodCall, users: list[str]) -> Channel:
    if len(users) > limits()["channel"]["open_users"][1]:
        raise SlackError("too_many_users")
    for user in users:
        if call.user(user).deleted:
            raise SlackError("user_disabled")
    if len(users) > 1 or users == [call.state.bot.id]:
        raise SlackError("invalid_user_combination")
    return call.state.conversations.direct(call.state.bot.id, users[0])


def _is_listed(call: MethodCall, channel: Channel) -> bool:
    if channel.archived and call.flag("exclude_archived"):
        return False
    return channel.kind == "public" or call.state.bot.id in channel.members


def _room(call: MethodCall) -> Channel:
    channel = call.conversation()
    if channel.kind == "im":
        raise SlackError("method_not_supported_for_channel_type")
    return channel


def _own_room(call: MethodCall) -> Channel:
    _room(call)
    return call.joined()


def _short(call: MethodCall, name: str) -> str:
    text = call.text(name)
    if len(text) > limits()["channel"][f"{name}_max"]:
        raise SlackError("too_long")
    return text


METHODS = {
    "conversations.create": Method(create, _MANAGE, changes=True),
    "conversations.rename": Method(rename, _MANAGE, changes=True),
    "conversations.setTopic": Method(
        set_topic,
        {"public": ("channels:manage", "channels:write.topic"), "private": ("groups:write", "groups:write.topic")},
        changes=True,
    ),
    "conversations.setPurpose": Method(
        set_purpose,
        {"public": ("channels:manage", "channels:write.topic"), "private": ("groups:write", "groups:write.topic")},
        changes=True,
    ),
    "conversations.archive": Method(archive, _MANAGE, changes=True),
    "conversations.unarchive": Method(unarchive, _MANAGE, changes=True),
    "conversations.info": Method(info, _READ),
    "conversations.list": Method(list_all, _READ),
    "conversations.members": Method(members, _READ),
    "conversations.open": Method(open_direct, {"im": ("im:write",)}, changes=True),
}
