"""Durations as people write them: `500ms`, `30s`, `15m`, `4h`, `7d`, `1w`, and sums such as `1h30m`."""

import re
from datetime import timedelta

from bot.domain.errors import Refused

UNITS_MS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}

READ_MS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1_000, "ms": 1}

# About ten years: anything longer is a typo, and datetime arithmetic stays far from overflow.
LONGEST = timedelta(days=3660)

# A unit that is spelt out, after its number.
SPELT = re.compile(r"(?<=[\d ])(weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)(?![a-z])", re.IGNORECASE)

_SUM = re.compile("".join(rf"(?:(?P<{unit}>\d{{1,12}}){unit})?" for unit in UNITS_MS))


def parse_duration(text: str) -> timedelta:
    """Parse a duration; zero is allowed.

    Units go from long to short, each at most once; spaces and case don't matter. Refused without a unit, and beyond ten
    years.
    """
    words = "".join(text.split()).lower()
    found = _SUM.fullmatch(words)
    if not words or found is None:
        raise Refused(_advice(text))
    span_ms = sum(int(count) * UNITS_MS[unit] for unit, count in found.groupdict(default="0").items())
    if span_ms > LONGEST / timedelta(milliseconds=1):
        raise Refused(f"“{text}” is too long: at most {LONGEST.days}d")
    return timedelta(milliseconds=span_ms)


def spoken_duration(text: str) -> timedelta:
    """Like `parse_duration`, but units may be spelt out as people type them: `20 min`, `for 2 hours`."""
    words = text.strip().rstrip(".!").split()
    if words and words[0].lower() in ("for", "in"):
        words = words[1:]
    return parse_duration(SPELT.sub(lambda unit: unit[1][0], " ".join(words)))


def format_duration(span: timedelta) -> str:
    """The shortest notation, to the millisecond: `1h30m`, `2w`, `10d`, `0s`. The inverse of `parse_duration`."""
    left = round(abs(span) / timedelta(milliseconds=1))
    parts = []
    for unit, size in UNITS_MS.items():
        # "10d" reads better than "1w3d".
        if unit == "w" and left % size:
            continue
        count, left = divmod(left, size)
        parts.append(f"{count}{unit}" if count else "")
    sign = "-" if span < timedelta(0) else ""
    return sign + ("".join(parts) or "0s")


def duration_read(span: timedelta) -> str:
    """For reading, to the millisecond: `15 min`, `1 h 30 min`, `3 d`, `29 ms`. Can't be parsed back."""
    left = round(abs(span) / timedelta(milliseconds=1))
    parts = []
    for unit, size in READ_MS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return ("-" if span < timedelta(0) else "") + (" ".join(parts) or "0 s")


def _advice(text: str) -> str:
    shown = text.strip() or " "
    if shown.isdecimal():
        return f"“{shown}” has no unit: say {shown}s, {shown}m or {shown}h"
    return f"“{shown}” is not a duration: say for example 30s, 15m, 4h, 7d or 1h30m"
