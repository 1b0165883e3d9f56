"""Users, channels, messages and views in the JSON that Slack sends to apps."""

from bot.sandbox.model import Bookmark, Channel, File, Json, Message, User, UserGroup, View
from bot.sandbox.state import State


def user_json(state: State, user: User) -> Json:
    profile = {
        "real_name": user.real_name,
        "display_name": user.name,
        "title": user.title,
        "team": user.team or state.team_id,
    }
    if user.email and "users:read.email" in state.scopes:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": user.team or state.team_id,
        "is_stranger": bool(user.team),
        "name": user.name,
        "real_name": user.real_name,
        "color": user.color,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "tz": "Europe/London",
        "profile": profile | ({"bot_id": state.bot_id, "api_app_id": state.app_id} if user.is_bot else {}),
    }


def channel_json(state: State, channel: Channel) -> Json:
    if channel.kind == "im":
        other = channel.other_member(state.bot.id)
        return {"id": channel.id, "created": channel.created, "is_im": True, "is_archived": False, "user": other}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.kind == "private",
        "is_general": channel.is_general,
        "is_archived": channel.archived,
        "is_member": state.bot.id in channel.members,
        "created": channel.created,
        "creator": channel.creator,
        "context_team_id": state.team_id,
        "topic": _described(channel.topic, channel.topic_by),
        "purpose": _described(channel.purpose, channel.purpose_by),
        "num_members": len(channel.members),
    }


def _described(value: str, by: tuple[str, int]) -> Json:
    return {"value": value, "creator": by[0], "last_set": by[1]}


def message_json(state: State, message: Message, *, with_metadata: bool = False) -> Json:
    """A message as in history, events and interactions; absent fields are omitted, never null."""
    answer: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    optional = {
        "subtype": message.subtype,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "thread_ts": message.thread_ts or _own_thread(state, message),
        "metadata": message.metadata if with_metadata else None,
        "files": [file_json(state, state.files[file]) for file in message.files],
        "edited": {"user": message.user, "ts": message.edited_ts} if message.edited_ts else None,
        "reactions": [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()],
    }
    answer |= {key: value for key, value in optional.items() if value}
    if message.by_bot:
        answer |= {"bot_id": state.bot_id, "app_id": state.app_id}
    return answer | _thread_summary(state, message)


def _own_thread(state: State, message: Message) -> str | None:
    channel = state.conversations.get(message.channel)
    return message.ts if channel and channel.replies_to(message.ts) else None


def _thread_summary(state: State, message: Message) -> Json:
    channel = state.conversations.get(message.channel)
    replies = channel.replies_to(message.ts) if channel else []
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {"reply_count": len(replies), "reply_users": users, "latest_reply": replies[-1].ts}


def view_json(state: State, view: View) -> Json:
    """A view as the app gets it back: with everything Slack fills in, and `state.values`."""
    defaults: Json = {"private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None}
    defaults |= {"title": None, "clear_on_close": False, "notify_on_close": False}
    return (
        defaults
        | view.content
        | {
            "id": view.id,
            "team_id": state.team_id,
            "state": {"values": view.values},
            "hash": view.hash,
            "previous_view_id": view.previous,
            "root_view_id": view.root,
            "app_id": state.app_id,
            "app_installed_team_id": state.team_id,
            "bot_id": state.bot_id,
        }
    )


def bookmark_json(channel: Channel, bookmark: Bookmark) -> Json:
    return {
        "id": bookmark.id,
        "channel_id": channel.id,
        "title": bookmark.title,
        "link": bookmark.link,
        "emoji": bookmark.emoji,
        "type": "link",
    }


def usergroup_json(group: UserGroup) -> Json:
    return {"id": group.id, "handle": group.handle, "name": group.name, "is_usergroup": True, "users": group.users}


def file_json(state: State, file: File) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "size": file.length,
        "user": file.owner,
        "url_private": f"{state.base_url}/files/{file.id}",
        "permalink": f"https://{state.domain}.slack.com/files/{file.owner}/{file.id}/{file.name}",
    }
