"""The words of a message by anybody, as Slack's mrkdwn: of its text, its blocks and its attachments.

Monitoring posts with an empty text: its words are blocks, or stand in attachments, the older form, with a `title`, a
`text` and `fields` of their own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

# Per message: the rest can be read in Slack.
MOST_PARTS = 100
# Mark the preview of a link: the words of another page or message.
SHOWN_UNDER = ("from_url", "original_url", "is_msg_unfurl", "is_app_unfurl")
IN_RICH_TEXT = 6
_LABELLED = re.compile(r"<(?:https?|mailto):[^<>|]{1,3000}\|([^<>]{1,3000})>")


def headline_in(message: Mapping[str, Any]) -> str:
    """The message's text, else the first title among its attachments, else its first words; "" if it has none."""
    if text := _text(message.get("text")):
        return text
    titles = (_text(one.get("title")) for one in _objects(message.get("attachments")))
    found = next((title for title in titles if title), None) or next(iter(words_in(message)), "")
    return _LABELLED.sub(r"\1", found)


def words_in(message: Mapping[str, Any]) -> list[str]:
    """The message's paragraphs, each once. Empty if it has no words."""
    own = [part for part in _parts(message) if part]
    return list(dict.fromkeys(islice(own, MOST_PARTS)))


def _parts(message: Mapping[str, Any]) -> Iterator[str]:
    said = False
    for part in [_text(message.get("text"))] if _text(message.get("text")) else _of_blocks(message.get("blocks")):
        said = True
        yield part
    for one in _objects(message.get("attachments")):
        if not (said and any(one.get(sign) for sign in SHOWN_UNDER)):
            yield from _of_attachment(one)


def _of_attachment(one: Mapping[str, Any]) -> Iterator[str]:
    """`fallback` repeats the rest, for clients that can't show it."""
    fields = [_pair(field) for field in _objects(one.get("fields"))]
    written = [_text(one.get(name)) for name in ("pretext", "author_name", "title", "text")]
    found = [part for part in [*written, *fields, *_of_blocks(one.get("blocks"))] if part]
    yield from found or [_text(one.get("fallback"))]


def _pair(field: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (_text(field.get("title")), _text(field.get("value"))) if part)


def _of_blocks(blocks: object) -> Iterator[str]:
    for block in _objects(blocks):
        if block.get("type") == "rich_text":
            yield from (_rich(part) for part in _objects(block.get("elements")))
            continue
        texts = [block.get("text"), *_list(block.get("fields"))]
        texts += _list(block.get("elements")) if block.get("type") == "context" else []
        yield from (_text(one.get("text") if isinstance(one, Mapping) else one) for one in texts)


def _rich(element: Mapping[str, Any], depth: int = 0) -> str:
    kind, inner = element.get("type"), _objects(element.get("elements"))
    if inner and depth < IN_RICH_TEXT:
        between = "\n" if kind == "rich_text_list" else ""
        return between.join(_rich(one, depth + 1) for one in inner)
    if kind == "link":
        label = _text(element.get("text"))
        return f"<{element.get('url')}|{label}>" if label else f"<{element.get('url')}>"
    marks = {"user": ("<@", "user_id", ">"), "channel": ("<#", "channel_id", ">"), "emoji": (":", "name", ":"),
             "usergroup": ("<!subteam^", "usergroup_id", ">"), "broadcast": ("<!", "range", ">")}  # fmt: skip
    if isinstance(kind, str) and kind in marks:
        before, name, after = marks[kind]
        return f"{before}{element.get(name)}{after}"
    return _text(element.get("text") or element.get("fallback"), strip=False)


def _text(value: object, *, strip: bool = True) -> str:
    if not isinstance(value, str):
        return ""
    return value.strip() if strip else value


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, Mapping)]


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
