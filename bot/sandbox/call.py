"""One call of the Web API: its arguments, however they were encoded, and what the caller may access."""

import json
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.model import Channel, Json, Message, User
from bot.sandbox.state import State

_TRUE = frozenset({"1", "true", "True"})


@dataclass
class MethodCall:
    """`scopes`: the scopes that the method needs, by kind of conversation (`any` if the kind doesn't matter)."""

    state: State
    method: str
    arguments: Json
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    touched: Channel | None = None

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name, default)
        return value if isinstance(value, str) else str(value)

    def required(self, name: str, error: str = "") -> str:
        """The argument as text; refused if it's missing, with `error` if the method has an error code of its own."""
        if not (value := self.text(name)):
            raise SlackError(error) if error else invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.arguments.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value) in _TRUE

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.arguments.get(name, default))
        except ValueError as error:
            raise invalid_arguments(f"must be an integer: {name}") from error

    def names(self, name: str) -> list[str]:
        """A list, which may be given as comma-separated text."""
        value = self.arguments.get(name, [])
        parts = value if isinstance(value, list) else str(value).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def parsed(self, name: str, error: str = "") -> Any:
        """A structure, which may be given as JSON text; None if absent."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as cause:
            raise (SlackError(error) if error else invalid_arguments(f"not JSON: {name}")) from cause

    def need_scope(self, kind: str) -> None:
        """Refuse unless the token has a scope that allows this method on this kind of conversation."""
        wanted = self.scopes.get("any") or self.scopes.get(kind, ())
        if wanted and not self.state.scopes & set(wanted):
            raise self.missing_scope(wanted[0])

    def need_some_scope(self) -> None:
        """Refuse a token with which this method can't work on any kind of conversation."""
        wanted = [scope for scopes in self.scopes.values() for scope in scopes]
        if wanted and not self.state.scopes & set(wanted):
            raise self.missing_scope(*dict.fromkeys(scopes[0] for scopes in self.scopes.values()))

    def missing_scope(self, *needed: str) -> SlackError:
        provided = ",".join(sorted(self.state.scopes))
        return SlackError("missing_scope", needed=",".join(needed), provided=provided)

    def conversation(self, name: str = "channel", *, by_name: bool = False) -> Channel:
        """The conversation named by an argument, if the app can see it; `by_name` also accepts `#general`."""
        return self.conversation_called(self.required(name, "channel_not_found"), by_name=by_name)

    def conversation_called(self, given: str, *, by_name: bool = False) -> Channel:
        """The conversation with this id, if the app can see it."""
        channel = self.state.conversations.get(given)
        if channel is None and by_name:
            channel = self.state.conversations.named(given)
        if channel is None or (channel.kind != "public" and not self._is_in(channel)):
            raise SlackError("channel_not_found")
        self.need_scope(channel.kind)
        self.touched = channel
        return channel

    def joined(self, name: str = "channel", *, archived: bool = False) -> Channel:
        """A conversation the app is a member of; an archived one is refused unless allowed."""
        return self.as_member(self.conversation(name), archived=archived)

    def as_member(self, channel: Channel, *, archived: bool = False) -> Channel:
        """The same conversation; refused unless the app is a member."""
        if channel.archived and not archived:
            raise SlackError("is_archived")
        if not self._is_in(channel):
            raise SlackError("not_in_channel")
        return channel

    def message(self, channel: Channel, name: str = "ts", *, missing: str = "message_not_found") -> Message:
        found = channel.message(self.required(name))
        if found is None or found.ephemeral_for is not None:
            raise SlackError(missing)
        return found

    def user(self, user_id: str, error: str = "user_not_found") -> User:
        user = self.state.users.get(user_id)
        if user is None:
            raise SlackError(error)
        return user

    def warn(self, code: str) -> None:
        self.warnings.append(code)

    def _is_in(self, channel: Channel) -> bool:
        return self.state.bot.id in channel.members
