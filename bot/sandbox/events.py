"""Sends the app events about the workspace, only those it has subscribed to and may receive."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.sandbox.changes import Change
from bot.sandbox.courier import Courier
from bot.sandbox.model import Channel, Json, Kind
from bot.sandbox.state import State
from bot.sandbox.wire import message_json, view_json

_MESSAGE_EVENTS: dict[Kind, str] = {"public": "message.channels", "private": "message.groups", "im": "message.im"}
_CHANNEL_TYPES: dict[Kind, str] = {"public": "channel", "private": "group", "im": "im"}
_PREFIXES: dict[Kind, str] = {"public": "channels", "private": "groups", "im": "im"}
_CHANNEL_EVENTS = {
    "channel_created": "channel_created",
    "channel_renamed": "channel_rename",
    "channel_archived": "channel_archive",
    "channel_unarchived": "channel_unarchive",
    "channel_deleted": "channel_deleted",
}


@dataclass(frozen=True)
class Event:
    """`subscription`: its name in the manifest; `scope`: the required scope, None if none is."""

    subscription: str
    scope: str | None
    body: Json


class Events:
    def __init__(self, state: State, courier: Courier) -> None:
        self._state, self._courier = state, courier
        state.changes.listen(self._hear)

    def _hear(self, change: Change) -> None:
        describe = _DESCRIPTIONS.get(change.kind)
        for event in describe(self._state, change) if describe else ():
            if self._may_hear(event):
                self._courier.send_event(self._envelope(event))

    def _may_hear(self, event: Event) -> bool:
        granted = event.scope is None or event.scope in self._state.scopes
        return granted and event.subscription in self._state.manifest.events

    def _envelope(self, event: Event) -> Json:
        state = self._state
        return {
            "token": "verification-token",
            "team_id": state.team_id,
            "context_team_id": state.team_id,
            "context_enterprise_id": None,
            "api_app_id": state.app_id,
            "type": "event_callback",
            "event_id": state.ids.next("Ev"),
            "event_time": state.stamps.seconds(),
            "event_context": f"4-{state.ids.next('E')}",
            "is_ext_shared_channel": False,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": state.team_id,
                    "user_id": state.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "event": event.body | {"event_ts": event.body.get("event_ts") or state.stamps.next()},
        }


def _message(state: State, change: Change) -> Iterator[Event]:
    channel, message = change.channel, change.message
    if channel is None or message is None or message.ephemeral_for or state.bot.id not in channel.members:
        return
    body = message_json(state, message) | {"channel": channel.id, "event_ts": message.ts, "team": state.team_id}
    yield _message_event(channel, body)
    if f"<@{state.bot.id}>" in message.text and not message.by_bot and channel.kind != "im" and not message.subtype:
        yield Event("app_mention", "app_mentions:read", body | {"type": "app_mention"})


def _message_changed(state: State, change: Change) -> Iterator[Event]:
    channel, message = change.channel, change.message
    if channel is None or message is None or message.ephemeral_for or state.bot.id not in channel.members:
        return
    body = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": channel.id}
    yield _message_event(channel, body | {"ts": state.stamps.next(), "message": message_json(state, message)})


def _message_deleted(state: State, change: Change) -> Iterator[Event]:
    channel, message = change.channel, change.message
    if channel is None or message is None or message.ephemeral_for or state.bot.id not in channel.members:
        return
    body = {"type": "message", "subtype": "message_deleted", "hidden": True, "channel": channel.id}
    yield _message_event(channel, body | {"ts": state.stamps.next(), "deleted_ts": message.ts})


def _message_event(channel: Channel, body: Json) -> Event:
    scope = f"{_PREFIXES[channel.kind]}:history"
    return Event(_MESSAGE_EVENTS[channel.kind], scope, body | {"channel_type": _CHANNEL_TYPES[channel.kind]})


def _member(state: State, change: Change) -> Iterator[Event]:
    channel = change.channel
    if channel is None or (state.bot.id not in channel.members and change.user != state.bot.id):
        return
    name = "member_joined_channel" if change.kind == "member_joined" else "member_left_channel"
    body = {"type": name, "user": change.user, "channel": channel.id, "team": state.team_id} | change.notes
    kind = "C" if channel.kind == "public" else "G"
    scope = f"{_PREFIXES[channel.kind]}:read"
    yield Event(name, scope, body | {"channel_type": kind})
    if change.kind == "member_left" and change.user == state.bot.id:
        left = "group_left" if kind == "G" else "channel_left"
        yield Event(left, scope, {"type": left, "channel": channel.id})


def _reaction(state: State, change: Change) -> Iterator[Event]:
    channel, message = change.channel, change.message
    if channel is None or message is None or state.bot.id not in channel.members:
        return
    item = {"type": "message", "channel": channel.id, "ts": message.ts}
    body = {"type": change.kind, "user": change.user, "reaction": change.notes["name"], "item": item}
    yield Event(change.kind, "reactions:read", body | {"item_user": message.user})


def _channel(state: State, change: Change) -> Iterator[Event]:
    channel = change.channel
    if channel is None or (channel.kind != "public" and state.bot.id not in channel.members):
        return
    name = _CHANNEL_EVENTS[change.kind]
    if channel.kind == "private":
        name = name.replace("channel", "group")
    brief = {"id": channel.id, "name": channel.name, "created": channel.created, "creator": channel.creator}
    names_it = change.kind in ("channel_created", "channel_renamed")
    body = {"type": name, "user": change.user, "channel": brief if names_it else channel.id}
    yield Event(name, f"{_PREFIXES[channel.kind]}:read", body)


def _home_opened(state: State, change: Change) -> Iterator[Event]:
    direct = state.conversations.direct(state.bot.id, change.user)
    body: Json = {"type": "app_home_opened", "user": change.user, "channel": direct.id, "tab": change.notes["tab"]}
    if home := state.screens.home(change.user):
        body["view"] = view_json(state, home)
    yield Event("app_home_opened", None, body)


def _uninstalled(_: State, change: Change) -> Iterator[Event]:
    yield Event("app_uninstalled", None, {"type": "app_uninstalled"})


def _tokens_revoked(state: State, change: Change) -> Iterator[Event]:
    yield Event("tokens_revoked", None, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [state.bot.id]}})


_DESCRIPTIONS: dict[str, Callable[[State, Change], Iterator[Event]]] = {
    "message": _message,
    "message_changed": _message_changed,
    "message_deleted": _message_deleted,
    "member_joined": _member,
    "member_left": _member,
    "reaction_added": _reaction,
    "reaction_removed": _reaction,
    "channel_created": _channel,
    "channel_renamed": _channel,
    "channel_archived": _channel,
    "channel_unarchived": _channel,
    "channel_deleted": _channel,
    "home_opened": _home_opened,
    "uninstalled": _uninstalled,
    "tokens_revoked": _tokens_revoked,
}
