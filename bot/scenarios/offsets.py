"""When something happens in a scenario: so long after it began."""

from datetime import timedelta
from typing import Annotated

from bot.domain.errors import Refused
from bot.runbook.durations import parse_duration
from bot.runbook.values import as_written, read_by

LONGEST = timedelta(days=7)


def offset_of(text: str) -> timedelta:
    """`+0`, `+5m`, `+1h30m`; the sign may be left out. Refused beyond a week."""
    words = text.strip().removeprefix("+").strip()
    after = timedelta(0) if words == "0" else parse_duration(words)
    if after > LONGEST:
        raise Refused(f"“{text}” is too long: a scenario lasts a week at most")
    return after


Offset = Annotated[timedelta, read_by(offset_of, "a time since the beginning such as +5m"), as_written]
