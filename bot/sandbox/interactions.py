"""The payloads of what people do: slash commands, buttons, forms and shortcuts, field by field as Slack sends them."""

from bot.sandbox.delivery import AppRequest
from bot.sandbox.model import Channel, Json, Message, User, View
from bot.sandbox.response_urls import ResponseUrl
from bot.sandbox.state import State
from bot.sandbox.wire import message_json, view_json

_NAMELESS = {"im": "directmessage", "private": "privategroup"}


def slash_command(state: State, user: User, channel: Channel, command: str, text: str, url: ResponseUrl) -> AppRequest:
    payload = {
        "token": "verification-token",
        "team_id": state.team_id,
        "team_domain": state.domain,
        "channel_id": channel.id,
        "channel_name": _NAMELESS.get(channel.kind, channel.name),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": state.app_id,
        "is_enterprise_install": "false",
        "response_url": address(state, url, "commands"),
        "trigger_id": state.triggers.give(user.id),
    }
    return AppRequest("slash_commands", payload)


def message_action(
    state: State, user: User, message: Message, action: Json, values: Json, url: ResponseUrl
) -> AppRequest:
    """A button or menu of a message was used. An ephemeral message isn't included in the payload."""
    channel = state.conversations.get(message.channel)
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_for is not None,
    }
    payload = _interaction(state, user, "block_actions") | {
        "container": container | ({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        "trigger_id": state.triggers.give(user.id),
        "channel": _brief(channel) if channel else {"id": message.channel},
        "state": {"values": values},
        "response_url": address(state, url, "actions"),
        "actions": [action | {"action_ts": state.stamps.next()}],
    }
    if message.ephemeral_for is None:
        payload["message"] = message_json(state, message, with_metadata=True)
    return AppRequest("interactive", payload)


def view_action(state: State, user: User, view: View, action: Json) -> AppRequest:
    """A button or menu of a modal or Home tab was used."""
    inside = view.id if view.content["type"] == "modal" else None
    payload = _interaction(state, user, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": state.triggers.give(user.id, view=inside),
        "view": view_json(state, view),
        "actions": [action | {"action_ts": state.stamps.next()}],
    }
    return AppRequest("interactive", payload)


def view_submission(state: State, user: User, view: View, response_urls: list[Json]) -> AppRequest:
    payload = _interaction(state, user, "view_submission") | {
        "trigger_id": state.triggers.give(user.id, view=view.id),
        "view": view_json(state, view),
        "response_urls": response_urls,
    }
    return AppRequest("interactive", payload)


def view_closed(state: State, user: User, view: View, *, is_cleared: bool) -> AppRequest:
    payload = {"view": view_json(state, view), "is_cleared": is_cleared}
    return AppRequest("interactive", _interaction(state, user, "view_closed") | payload)


def message_shortcut(state: State, user: User, message: Message, callback_id: str, url: ResponseUrl) -> AppRequest:
    channel = state.conversations.get(message.channel)
    payload = _interaction(state, user, "message_action") | {
        "callback_id": callback_id,
        "trigger_id": state.triggers.give(user.id),
        "response_url": address(state, url, "app"),
        "channel": _brief(channel) if channel else {"id": message.channel},
        "message": message_json(state, message),
        "message_ts": message.ts,
        "action_ts": state.stamps.next(),
    }
    return AppRequest("interactive", payload)


def global_shortcut(state: State, user: User, callback_id: str) -> AppRequest:
    payload = {"callback_id": callback_id, "trigger_id": state.triggers.give(user.id)}
    stamped = payload | {"action_ts": state.stamps.next()}
    return AppRequest("interactive", _interaction(state, user, "shortcut") | stamped)


def suggestion(state: State, user: User, place: View | Message, element: Json, block_id: str, typed: str) -> AppRequest:
    """A person types into an external select, and the app is asked for options."""
    if isinstance(place, View):
        where: Json = {"container": {"type": "view", "view_id": place.id}, "view": view_json(state, place)}
    else:
        container = {"type": "message", "message_ts": place.ts, "channel_id": place.channel}
        where = {"container": container, "channel": {"id": place.channel}}
    asked = {"action_id": element["action_id"], "block_id": block_id, "value": typed}
    return AppRequest("interactive", _interaction(state, user, "block_suggestion") | where | asked)


def address(state: State, url: ResponseUrl, kind: str) -> str:
    return f"{state.base_url}/response/{kind}/{state.team_id}/{url.id}"


def _interaction(state: State, user: User, kind: str) -> Json:
    return {
        "type": kind,
        "token": "verification-token",
        "api_app_id": state.app_id,
        "team": {"id": state.team_id, "domain": state.domain},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": state.team_id},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _brief(channel: Channel) -> Json:
    return {"id": channel.id, "name": _NAMELESS.get(channel.kind, channel.name)}
