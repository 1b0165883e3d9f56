"""Converts text that a person types as Slack does: mentions, links, escaped characters."""

import re
from collections.abc import Callable

from bot.sandbox.state import State

_SPECIAL = re.compile(
    r"(?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?)'\"])"
    r"|(?P<email>(?<![\w.@:|+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<domain>(?<![\w.@/-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev)(?![\w.-]*\w))"
    r"|(?P<broadcast>(?<![\w@])@(?:here|channel|everyone)\b)"
    r"|(?P<person>(?<![\w@])@[\w.-]*\w)"
    r"|(?P<channel>(?<![\w&])#[a-z0-9_-]+)"
)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_message(state: State, typed: str) -> str:
    """The text of a typed message: `@ada` becomes a mention, links become links, `&<>` are escaped."""
    return _translated(state, typed)


def as_command_text(state: State, typed: str, *, should_escape: bool) -> str:
    """The `text` of a slash command: as typed, unless the command asked Slack to escape it."""
    return _translated(state, typed) if should_escape else typed


def _translated(state: State, typed: str) -> str:
    parts, end = [], 0
    for match in _SPECIAL.finditer(typed):
        kind = match.lastgroup or ""
        parts += [escaped(typed[end : match.start()]), _TRANSLATIONS[kind](state, match.group())]
        end = match.end()
    return "".join([*parts, escaped(typed[end:])])


def _url(_: State, found: str) -> str:
    return f"<{escaped(found)}>"


def _email(_: State, found: str) -> str:
    return f"<mailto:{found}|{found}>"


def _domain(_: State, found: str) -> str:
    return f"<http://{found}|{found}>"


def _broadcast(_: State, found: str) -> str:
    return f"<!{found.removeprefix('@')}>"


def _person(state: State, found: str) -> str:
    name = found.removeprefix("@").lower()
    for user in state.users.values():
        if user.name.lower() == name:
            return f"<@{user.id}>"
    for group in state.usergroups.values():
        if group.handle.lower() == name:
            return f"<!subteam^{group.id}|@{group.handle}>"
    return found


def _channel(state: State, found: str) -> str:
    channel = state.conversations.named(found)
    if channel is None:
        return found
    return f"<#{channel.id}|{channel.name if channel.kind == 'public' else ''}>"


_TRANSLATIONS: dict[str, Callable[[State, str], str]] = {
    "url": _url,
    "email": _email,
    "domain": _domain,
    "broadcast": _broadcast,
    "person": _person,
    "channel": _channel,
}
