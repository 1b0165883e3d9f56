"""conversations.join, leave, invite and kick."""

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import limits
from bot.sandbox.methods.method import Method, by_kind
from bot.sandbox.model import Channel, Json
from bot.sandbox.wire import channel_json

_INVITE = {
    "public": ("channels:manage", "channels:write.invites"),
    "private": ("groups:write", "groups:write.invites"),
}


def join(call: MethodCall) -> Json:
    call.need_scope("public")
    channel = call.conversation()
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if call.state.bot.id in channel.members:
        call.warn("already_in_channel")
    call.state.conversations.join(channel, call.state.bot.id)
    return {"channel": channel_json(call.state, channel)}


def leave(call: MethodCall) -> Json:
    channel = call.conversation()
    if channel.is_general:
        raise SlackError("cant_leave_general")
    if call.state.bot.id not in channel.members:
        return {"not_in_channel": True}
    call.state.conversations.leave(channel, call.state.bot.id)
    return {}


def invite(call: MethodCall) -> Json:
    """Invite all or none, unless `force` is set: then the valid ones join and the others are listed."""
    channel = call.joined()
    if channel.kind == "im":
        raise SlackError("method_not_supported_for_channel_type")
    users = call.names("users")
    if not users:
        raise SlackError("no_user")
    if len(users) > limits()["channel"]["invite_users"][1]:
        raise SlackError("too_many_users")
    problems = [{"user": user, "ok": False, "error": why} for user in users if (why := _obstacle(call, channel, user))]
    bad = {problem["user"] for problem in problems}
    good = [user for user in users if user not in bad]
    if problems and not (call.flag("force") and good):
        raise SlackError(str(problems[0]["error"]), errors=problems)
    for user in good:
        call.state.conversations.join(channel, user, inviter=call.state.bot.id)
    return {"channel": channel_json(call.state, channel)} | ({"errors": problems} if problems else {})


def kick(call: MethodCall) -> Json:
    channel = call.joined()
    user = call.user(call.required("user"))
    if user.id == call.state.bot.id:
        raise SlackError("cant_kick_self")
    if channel.is_general:
        raise SlackError("cant_kick_from_general")
    if user.id not in channel.members:
        raise SlackError("not_in_channel")
    call.state.conversations.leave(channel, user.id)
    return {}


def _obstacle(call: MethodCall, channel: Channel, user_id: str) -> str | None:
    user = call.state.users.get(user_id)
    if user is None or user.deleted:
        return "user_not_found"
    if user_id == call.state.bot.id:
        return "cant_invite_self"
    return "already_in_channel" if user_id in channel.members else None


METHODS = {
    "conversations.join": Method(join, by_kind("channels:join", "channels:join"), changes=True),
    "conversations.leave": Method(leave, by_kind("channels:manage", "groups:write"), changes=True),
    "conversations.invite": Method(invite, dict(_INVITE), changes=True),
    "conversations.kick": Method(kick, by_kind("channels:manage", "groups:write"), changes=True),
}
