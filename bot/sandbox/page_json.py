"""The workspace as JSON for the browser page, as one of its people sees it."""

import json
from datetime import UTC, datetime
from typing import Any

from markdown_it import MarkdownIt

from bot.sandbox.happenings import Happening, NextDue
from bot.sandbox.identifiers import micros
from bot.sandbox.mailbox import Mail
from bot.sandbox.model import Channel, Json, Message, User, View
from bot.sandbox.wire import view_json
from bot.sandbox.workspace import Workspace

_COUNTED = (None, "file_share")


def users_json(workspace: Workspace) -> list[Json]:
    return [_user(user) for user in workspace.users.values()]


def channels_json(workspace: Workspace, me: User) -> list[Json]:
    """Public channels, and the private ones and direct conversations that `me` is in."""
    return [channel_json(workspace, channel, me) for channel in workspace.conversations if may_see(channel, me)]


def may_see(channel: Channel, me: User) -> bool:
    return channel.kind == "public" or me.id in channel.members


def channel_json(workspace: Workspace, channel: Channel, me: User) -> Json:
    visible = workspace.visible_messages(channel, me.id)
    unread = [message for message in visible if _is_unread(channel, message, me)]
    answer = {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "topic": channel.topic,
        "members": channel.members,
        "archived": channel.archived,
        "member": me.id in channel.members,
        "unread": len(unread) if me.id in channel.members else 0,
        "mention": any(_mentions(message, me) for message in unread) or (channel.kind == "im" and bool(unread)),
        "latest": visible[-1].ts if visible else None,
        "canvas": _canvas(workspace, channel),
    }
    return answer | ({"with": channel.other_member(me.id)} if channel.kind == "im" else {})


def messages_json(workspace: Workspace, channel: Channel, me: User) -> list[Json]:
    return [message_json(workspace, message) for message in workspace.visible_messages(channel, me.id)]


def message_json(workspace: Workspace, message: Message) -> Json:
    channel = workspace.conversations.get(message.channel)
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "bot": message.by_bot,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "thread_ts": message.thread_ts,
        "reply_count": len(channel.replies_to(message.ts)) if channel else 0,
        "reactions": [{"name": name, "users": users} for name, users in message.reactions.items()],
        "pinned": channel is not None and message.ts in channel.pins,
        "ephemeral": message.ephemeral_for is not None,
        "edited": message.edited_ts is not None,
        "subtype": message.subtype,
        "files": [_file(workspace, file_id) for file_id in message.files],
    }


def modals_json(workspace: Workspace, me: User) -> list[Json]:
    return [_view(workspace, view) for view in workspace.screens.modals(me.id)]


def home_json(workspace: Workspace, me: User) -> Json | None:
    home = workspace.screens.home(me.id)
    return _view(workspace, home) if home else None


def mail_json(mail: Mail) -> Json:
    return {
        "id": mail.id,
        "kind": mail.kind,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "at": rfc3339(mail.at),
        "answers": list(mail.answers),
    }


def happening_json(happening: Happening) -> Json:
    return {
        "id": happening.id,
        "label": happening.label,
        "description": happening.description,
        "on": happening.state(),
    }


async def clock_json(workspace: Workspace, next_due: NextDue) -> Json:
    due = await next_due()
    return {
        "now": rfc3339(workspace.clock.now()),
        "running": not workspace.clock.is_frozen,
        "next": {"at": rfc3339(due[0]), "what": due[1]} if due else None,
    }


def installed_json(workspace: Workspace) -> Json:
    """What the app's manifest adds to the composer and to the message menu."""
    manifest = workspace.manifest
    commands = [
        {"command": c.name, "description": c.description, "usage_hint": c.usage_hint} for c in manifest.commands
    ]
    shortcuts = [{"callback_id": s.callback_id, "name": s.name} for s in manifest.shortcuts if s.is_for_messages]
    return {"commands": commands, "message_shortcuts": shortcuts}


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _user(user: User) -> Json:
    shown = ("id", "name", "real_name", "email", "is_bot", "color", "title")
    return {key: getattr(user, key) for key in shown}


def _view(workspace: Workspace, view: View) -> Json:
    whole = view_json(workspace, view)
    shown = ("id", "type", "title", "submit", "close", "blocks", "callback_id", "state")
    return {key: whole[key] for key in shown}


def _file(workspace: Workspace, file_id: str) -> Json:
    file = workspace.files[file_id]
    return {"id": file.id, "title": file.title, "mimetype": file.mimetype, "url": f"/sandbox/files/{file.id}"}


def _canvas(workspace: Workspace, channel: Channel) -> Json | None:
    """As HTML: text, links and tables; raw HTML in it is escaped."""
    canvas = next((one for one in workspace.canvases.values() if one.channel == channel.id), None)
    if canvas is None:
        return None
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return {"title": canvas.title, "html": markdown.render(canvas.markdown)}


def _is_unread(channel: Channel, message: Message, me: User) -> bool:
    is_news = message.subtype in _COUNTED and message.user != me.id
    return is_news and micros(message.ts) > micros(channel.read_until.get(me.id, "0"))


def _mentions(message: Message, me: User) -> bool:
    shown: Any = [message.text, message.blocks]
    text = json.dumps(shown, ensure_ascii=False)
    return any(sign in text for sign in (f"<@{me.id}>", "<!here>", "<!channel>", "<!everyone>"))
