"""Pagination of long lists by cursors."""

import base64
from typing import TypeVar

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Json

Item = TypeVar("Item")


def page(call: MethodCall, items: list[Item], *, default: int = 100, most: int = 1000) -> tuple[list[Item], Json]:
    """The requested page, and the `response_metadata` with the cursor of the next; "" means that there is none."""
    size = call.number("limit", default) or default
    if not 0 < size <= most:
        raise SlackError("invalid_limit")
    start = _offset(call.text("cursor"))
    chosen, end = items[start : start + size], start + size
    return chosen, {"next_cursor": _cursor(end) if end < len(items) else ""}


def _cursor(offset: int) -> str:
    return base64.b64encode(f"next:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word != "next":
            raise ValueError(word)
        return int(number)
    except ValueError as error:
        raise SlackError("invalid_cursor") from error
