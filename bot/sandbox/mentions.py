"""Finds mentions and links that untrusted text has smuggled into what the app shows, and unescaped `<…>`."""

import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.model import Message, View

_LIVE = re.compile(r"<(?:!|@|#|https?:|mailto:)[^<>]*>")
# Slack takes this for a broken link and doesn't show it as written.
_UNESCAPED = re.compile(r"<(?![@#!]|[a-z][a-z0-9+.-]*:)[^<>\n]*>")
_PLAIN = re.compile(r"(?<![\w@])@(?:here|channel|everyone)\b")


def smuggled(place: Message | View, untrusted: set[str]) -> Iterator[str]:
    """Each live mention or link shown there that comes from an untrusted text, and each unescaped `<…>`."""
    names = {token for text in untrusted for token in _PLAIN.findall(text)}
    live = {token for text in untrusted for token in _LIVE.findall(text)}
    for text, parses_names in formatted_texts(place):
        yield from (token for token in _LIVE.findall(text) if token in live)
        yield from _UNESCAPED.findall(text)
        if parses_names:
            yield from (token for token in _PLAIN.findall(text) if token in names)


def formatted_texts(place: Message | View) -> Iterator[tuple[str, bool]]:
    """Every text shown as mrkdwn, and whether a plain `@here` in it is live."""
    if isinstance(place, View):
        yield from _objects(place.blocks)
        return
    yield place.text, place.parses_names
    yield from _objects(place.blocks or [])
    for attachment in place.attachments:
        yield from ((attachment[key], True) for key in ("text", "pretext", "fallback") if key in attachment)
        yield from _objects(attachment.get("blocks", []))


def _objects(part: Any) -> Iterator[tuple[str, bool]]:
    if isinstance(part, list):
        for entry in part:
            yield from _objects(entry)
    elif isinstance(part, dict):
        if part.get("type") == "mrkdwn" and isinstance(part.get("text"), str):
            yield part["text"], not part.get("verbatim", False)
        elif part.get("type") == "markdown" and isinstance(part.get("text"), str):
            yield part["text"], True
        for value in part.values():
            yield from _objects(value)
