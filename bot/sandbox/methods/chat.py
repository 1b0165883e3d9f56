"""chat.*: posting, changing and deleting messages."""

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import limit
from bot.sandbox.methods.method import Method, anywhere
from bot.sandbox.methods.saying import content_of
from bot.sandbox.model import Channel, Json, Message
from bot.sandbox.wire import message_json

_WRITE = anywhere("chat:write")


def post_message(call: MethodCall) -> Json:
    channel = _destination(call)
    content = content_of(call)
    thread_ts = _thread(call, channel)
    message = call.state.conversations.say(
        channel,
        call.state.bot.id,
        content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        metadata=content.metadata,
        thread_ts=thread_ts,
        by_bot=True,
        parses_names=content.parses_names,
    )
    return _answer(call, channel, message)


def post_ephemeral(call: MethodCall) -> Json:
    channel = call.joined()
    user = call.user(call.required("user"), "user_not_in_channel")
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = content_of(call)
    message = call.state.conversations.say(
        channel,
        call.state.bot.id,
        content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=_thread(call, channel),
        by_bot=True,
        ephemeral_for=user.id,
        parses_names=content.parses_names,
    )
    return {"message_ts": message.ts}


def update(call: MethodCall) -> Json:
    channel = call.conversation()
    if channel.archived:
        raise SlackError("is_inactive")
    message = call.message(channel)
    if message.user != call.state.bot.id or message.subtype:
        raise SlackError("cant_update_message")
    if len(call.text("text")) > limit("chat.update", "text_max"):
        raise SlackError("msg_too_long")
    content = content_of(call)
    # As in Slack: an update without blocks removes the blocks, and only then the message says "(edited)".
    message.attachments, message.parses_names = content.attachments, content.parses_names
    if content.metadata is not None:
        message.metadata = content.metadata
    call.state.conversations.edit(message, content.text, blocks=content.blocks, marks_edited=not content.blocks)
    return _answer(call, channel, message) | {"text": message.text}


def delete(call: MethodCall) -> Json:
    channel = call.conversation()
    message = call.message(channel)
    if message.user != call.state.bot.id or message.subtype:
        raise SlackError("cant_delete_message")
    call.state.conversations.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(call: MethodCall) -> Json:
    channel = call.conversation()
    message = call.message(channel, "message_ts")
    link = f"https://{call.state.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _destination(call: MethodCall) -> Channel:
    """Where to post: a conversation by id or name, or a person, whose direct conversation is then opened."""
    given = call.text("channel")
    if (user := call.state.users.get(given)) and not user.is_bot and not user.deleted:
        call.touched = call.state.conversations.direct(call.state.bot.id, user.id)
        return call.touched
    channel = call.conversation(by_name=True)
    if channel.archived:
        raise SlackError("is_archived")
    if call.state.bot.id not in channel.members and "chat:write.public" not in call.state.scopes:
        raise SlackError("not_in_channel")
    return channel


def _thread(call: MethodCall, channel: Channel) -> str | None:
    """The parent's timestamp; a reply's timestamp means the same thread."""
    given = call.text("thread_ts")
    if not given:
        return None
    parent = channel.message(given)
    if parent is None:
        raise SlackError("cannot_reply_to_message")
    return parent.thread_ts or parent.ts


def _answer(call: MethodCall, channel: Channel, message: Message) -> Json:
    body = message_json(call.state, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": body}


METHODS = {
    "chat.postMessage": Method(post_message, _WRITE, changes=True),
    "chat.postEphemeral": Method(post_ephemeral, _WRITE, changes=True),
    "chat.update": Method(update, _WRITE, changes=True),
    "chat.delete": Method(delete, _WRITE, changes=True),
    "chat.getPermalink": Method(get_permalink),
}
