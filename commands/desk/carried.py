"""Parses what a button or form carries; anything we have not written there ourselves is refused with a sentence."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from bot.domain.errors import Refused


def outdated(what: str) -> Refused:
    """`what`: a button, form or shortcut we no longer know."""
    return Refused(f"This {what} is from an older version of Tocsin. Type the command instead: `/incident help`.")


def number(text: str) -> int:
    """The number carried. Raises Refused for anything but a number of ours."""
    # Python accepts digits of any script, and PostgreSQL only 64 bits.
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise outdated("button or form")
    return int(text)


def instant(text: str) -> datetime:
    """An aware datetime from ISO 8601. Raises Refused."""
    return _aware(datetime.fromisoformat, text)


def second(text: str) -> datetime:
    """UTC, from Unix seconds. Raises Refused."""
    return _aware(lambda seconds: datetime.fromtimestamp(number(seconds), UTC), text)


def _aware(read: Callable[[str], datetime], text: str) -> datetime:
    try:
        found = read(text)
    except (ValueError, OverflowError, OSError) as error:
        raise outdated("button or form") from error
    if found.tzinfo is None:
        raise outdated("button or form")
    return found
