"""Finds the times by which a text promises something, especially the next update."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.people.schedule import WEEKDAYS, instants_of

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# A time of day passed by less than this is meant as past; by more, for the next day.
HALF_A_DAY = timedelta(hours=12)

_DAY = (
    r"(?P<day>today|tonight|tomorrow|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6})"
    r"(?: (?P<date>\d{1,2}) (?P<month>[a-z]{3})[a-z]{0,6}(?: \d{4})?)?,? (?:at )?"
)
_CLOCK = (
    r"(?:(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)(?![\d:.]?\d)|(?P<whole>1[0-2]|[1-9])(?= ?[ap]m\b))"
    r"(?P<half> ?[ap]m\b)?(?P<zone> ?(?:UTC|GMT|Z)\b)?"
)
_SPAN = r"(?P<count>\d{1,3}) ?(?P<unit>m|mins?|minutes?|h|hours?|d|days?)\b"
TIME = re.compile(rf"\b(?:(?:{_DAY})?{_CLOCK}|{_SPAN})", re.IGNORECASE)
CLOCK = re.compile(rf"\b(?:{_DAY})?{_CLOCK}", re.IGNORECASE)
# What precedes a time by which something is due.
BY = re.compile(r"\b(?:by|before|until|within|in|every)(?: the latest)?(?: at)? $", re.IGNORECASE)
AT = re.compile(r"(?:\b(?:at|around|about|for)|:) $", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")
AHEAD = re.compile(r"\b(?:will|shall|next|expect\w*|should|hope|plan|aim|going to|again)\b|['’]ll\b", re.IGNORECASE)
BEHIND = re.compile(
    r"\b(?:was|were|been|had|has|last|since|sent|wrote|fixed|resolved|began|started|ended|restored|recovered)\b",
    re.IGNORECASE,
)
NEWS = re.compile(
    r"\bupdat\w*|\b(?:hear|news|let you know|(?:get|report|write) back)\b"
    r"|\bmore (?:by|within|in|at|news|details|information|about)\b",
    re.IGNORECASE,
)
# Also about news, in a sentence about the future.
SAID = re.compile(r"\b(?:write|tell|inform|report|notify|post|let you know)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Promised:
    """`words`: the time as written, from `begins` to `ends`; `at`: its meaning. `is_next`: the next update is promised
    by then."""

    words: str
    begins: int
    ends: int
    at: datetime
    is_next: bool


def promised(text: str, since: datetime, zone: ZoneInfo) -> Iterator[Promised]:
    """In text order. `since`: when it was written; a time of day is on that day, or the next if passed by more than
    half a day."""
    begins = 0
    for end in (*(found.span() for found in SENTENCE_END.finditer(text)), (len(text), len(text))):
        yield from _in_sentence(text, begins, end[0], since.astimezone(zone), zone)
        begins = end[1]


def next_promised(text: str, since: datetime, zone: ZoneInfo) -> Promised | None:
    """The promise of the next update; None: the text has none."""
    return next((one for one in promised(text, since, zone) if one.is_next), None)


def past_promises(text: str, since: datetime, now: datetime, zone: ZoneInfo) -> Sequence[str]:
    """Times, such as `17:47`, by which the text promises something and which have passed."""
    return list(dict.fromkeys(one.words for one in promised(text, since, zone) if one.at <= now))


def names_time_ahead(text: str, since: datetime, zone: ZoneInfo) -> bool:
    """Whether any time of day in it is still ahead: in other languages the only sign of a promise."""
    return any(_instant(found, since.astimezone(zone), zone) > since for found in CLOCK.finditer(text))


def time_said(words: str, since: datetime, zone: ZoneInfo) -> datetime | None:
    """Parse a time somebody gave: `17:30`, `Mon 09:00 GMT`, `in 30 minutes`; None: not a time."""
    found = TIME.search(words)
    return _instant(found, since.astimezone(zone), zone) if found else None


def _in_sentence(text: str, begins: int, ends: int, since: datetime, zone: ZoneInfo) -> Iterator[Promised]:
    sentence = text[begins:ends]
    ahead, is_news = bool(AHEAD.search(sentence)), bool(NEWS.search(sentence))
    if BEHIND.search(sentence) and not ahead:
        return
    is_news = is_news or (ahead and bool(SAID.search(sentence)))
    for found in TIME.finditer(sentence):
        # The longest phrase expected before a time.
        before = f"{' '.join(sentence[max(found.start() - 40, 0) : found.start()].split())} "
        by = bool(BY.search(before))
        is_clock = found["count"] is None
        if (by and (is_clock or is_news)) or (is_news and ahead and AT.search(before)):
            place = begins + found.start(), begins + found.end()
            yield Promised(found[0], *place, _instant(found, since, zone), is_news)


def _instant(found: re.Match[str], since: datetime, zone: ZoneInfo) -> datetime:
    """`since` must be in `zone`. To the minute, as people say it."""
    parts = found.groupdict()
    since = since.replace(second=0, microsecond=0)
    if parts.get("count"):
        unit = {"m": "minutes", "h": "hours", "d": "days"}[parts["unit"][0].lower()]
        # By the wall clock it would be an hour off in the night of a change.
        return since.astimezone(UTC) + timedelta(**{unit: int(parts["count"])})
    where = ZoneInfo("UTC") if parts["zone"] else zone
    local, at = since.astimezone(where), _time_of(parts)
    if parts["day"]:
        return _of_day(found, local.date() + _days(parts, local, at), at, local)
    today = _of_day(found, local.date(), at, local)
    return today if since - today < HALF_A_DAY else _of_day(found, local.date() + timedelta(days=1), at, local)


def _of_day(found: re.Match[str], day: date, at: time, local: datetime) -> datetime:
    """In an hour that comes twice: the one that is named, as in `01:20 EST`, else the first that is not past."""
    where = local.tzinfo or UTC
    instants = instants_of(day, at, where)
    named = found.string[found.end() :].split(maxsplit=1)[:1]
    by_name = [one for one in instants if named and named[0].startswith(f"{one.astimezone(where):%Z}")]
    ahead = [one for one in instants if one >= local]
    return (by_name or ahead or instants[-1:])[0]


def _time_of(parts: dict[str, str | None]) -> time:
    """`17:30`, `5:30 pm` and `5pm`."""
    hour, half = int(parts["hour"] or parts["whole"] or 0), (parts["half"] or "").strip().lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(parts["minute"] or 0))


def _days(parts: dict[str, str | None], local: datetime, at: time) -> timedelta:
    """Time from today to the day named."""
    day = str(parts["day"]).lower()[:3]
    if day not in WEEKDAYS:
        return timedelta(days=day == "tom")
    if parts["date"] and str(parts["month"]).lower() in MONTHS:
        return _until_date(int(parts["date"]), MONTHS.index(str(parts["month"]).lower()) + 1, local)
    ahead = (WEEKDAYS.index(day) - local.weekday()) % 7
    return timedelta(days=ahead or (7 if local.time() > at else 0))


def _until_date(day: int, month: int, local: datetime) -> timedelta:
    """To the next such date; zero if there is none."""
    today = local.date()
    try:
        there = today.replace(month=month, day=day)
        return (there if there >= today else there.replace(year=there.year + 1)) - today
    except ValueError:
        return timedelta(0)
