"""Parses past times at the start of typed text: `14:05`, `20 minutes ago`, `yesterday 23:50`."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import dateparser

from bot.domain.errors import Refused
from bot.domain.people.schedule import instant_of, instants_of
from bot.runbook import spoken_duration
from bot.slack.blocks import clip
from commands.desk.when import BEHIND_A_CLOCK, LONGEST, QUOTES, is_on_a_clock, named_offset, says_its_date

# Zone abbreviations nobody takes for a word; some are ambiguous.
ELSEWHERE = frozenset(
    {
        "BST", "IST", "WEST", "CET", "CEST", "EET", "EEST", "MSK", "EST", "EDT", "CST", "CDT", "MDT", "PST", "PDT",
        "JST", "AEST", "AEDT", "ACST", "AWST", "NZST", "NZDT", "SAST",
    }
)  # fmt: skip
# No incident began earlier.
YEARS_BACK = 10
# In a repeated hour, a time this recent means what the clock has just shown.
JUST_NOW = timedelta(hours=1)
HOW = "say for example `14:05`, `20 minutes ago`, `yesterday 23:50` or `2026-12-01 09:00`"

_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"today|yesterday|(?:last\s+)?{_DAY}|\d{{4}}-\d{{2}}-\d{{2}}"
    rf"|{_NUMBER}\s+{_MONTH}(?:\s+\d{{4}})?|{_MONTH}\s+{_NUMBER}(?:,?\s+\d{{4}})?"
)
_CLOCK = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?[ap]m)?|\d{1,2}\s?[ap]m|noon|midnight"
_ZONE = r"(?:\s?(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?"
_SPAN = r"\d+(?:\.\d+)?\s*(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[smhdw])"
_AGO = rf"(?:about\s+)?(?:half\s+an\s+hour|an?\s+(?:minute|hour|day|week)|{_SPAN}(?:(?:\s+|\s+and\s+)?{_SPAN})*)"
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# The end of a time, not the middle of a word.
_END = rf"(?=$|[\s,;:.){QUOTES}](?!\d))"
AGO = re.compile(rf"(?P<span>{_AGO})(?:\s+ago)?{_END}", re.IGNORECASE)
NOW = re.compile(rf"(?:just\s+|right\s+)?now{_END}", re.IGNORECASE)
MOMENT = re.compile(
    rf"(?:at\s+)?(?:\d{{4}}-\d{{2}}-\d{{2}}T\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?{_ZONE}"
    rf"|(?:on\s+)?(?:{_DATE})(?:\s*,)?(?:\s+at)?\s+(?:{_CLOCK}){_ZONE}"
    rf"|(?:{_CLOCK}){_ZONE}(?:\s*,?(?:\s+on)?\s+(?:{_DATE}))?){_END}",
    re.IGNORECASE,
)


async def past_moment(words: str, *, now: datetime, zone: ZoneInfo) -> tuple[datetime, str]:
    """The instant these words begin with, in UTC, and the rest. Raises Refused.

    A time of day or weekday means the last one. In a thread: dateparser takes 0.2 s for its first word.
    """
    return await asyncio.to_thread(read, words, now, zone)


def read(words: str, now: datetime, zone: tzinfo) -> tuple[datetime, str]:
    words = words.strip().lstrip(QUOTES).strip()
    if found := NOW.match(words):
        return now, _rest(words, found.end())
    words, zone = _without_zone(words, now, zone)
    if found := MOMENT.match(words):
        return _instant(found[0], now, zone), _rest(words, found.end())
    if found := AGO.match(words):
        return now - _span(found["span"]), _rest(words, found.end())
    raise Refused(
        f"I can't read a time at the start of “{clip(words, LONGEST)}”: {HOW}." if words else f"No time: {HOW}."
    )


def _without_zone(words: str, now: datetime, zone: tzinfo) -> tuple[str, tzinfo]:
    """Split off the zone's name after a time, as Tocsin writes it. Raises Refused for a zone not used in `zone`, whose
    name would otherwise become part of the reason."""
    time = MOMENT.match(words)
    name = BEHIND_A_CLOCK.match(words, time.end()) if time else None
    if time is None or name is None:
        return words, zone
    if (named := named_offset(name[0], zone, now)) is not None:
        return words[: time.end()] + words[name.end() :], named
    if (other := name[0].strip()) in ELSEWHERE:
        raise Refused(f"{other} isn't a time of {zone}. Type it as it is there, or as UTC: `14:05 UTC`.")
    return words, zone


def _instant(words: str, now: datetime, zone: tzinfo) -> datetime:
    """The instant, read in the zone's wall clock unless the words name another zone. Raises Refused."""
    today = now.astimezone(zone).replace(tzinfo=None)
    # With the year first, dateparser reads “24 Nov” as November 2024.
    order = "YMD" if ISO_DATE.search(words) else "DMY"
    settings: dict[str, object] = {"RELATIVE_BASE": today, "PREFER_DATES_FROM": "past", "DATE_ORDER": order}
    plain = re.sub(
        r"(\d)\.(\d)", r"\1:\2", re.sub(r"^(?:at|on)\s+|\b(?:last|on|at)\s+", "", words, flags=re.IGNORECASE)
    )
    try:
        found = dateparser.parse(plain, languages=["en"], settings=settings) if is_on_a_clock(plain) else None
    except (ValueError, OverflowError):
        found = None
    if found is None or not says_its_date(plain, found, today):
        raise Refused(f"I can't read “{clip(words, LONGEST)}” as a time: {HOW}.")
    if today.year - found.year > YEARS_BACK:
        raise Refused(f"“{clip(words, LONGEST)}” is more than {YEARS_BACK} years ago: {HOW}.")
    aware = found.tzinfo is not None
    at = found.astimezone(now.tzinfo) if aware else instant_of(found.date(), found.time(), zone)
    shown = () if aware else instants_of(today.date(), found.time(), zone)
    return _latest(plain, at, now, shown)


def _latest(words: str, at: datetime, now: datetime, shown: Sequence[datetime]) -> datetime:
    """On a Thursday afternoon, “Thu 9am” is this morning, not a week ago; a time of day alone is never in the future.

    `shown`: when the clock shows that today.
    """
    if re.search(rf"\b{_DAY}\b", words, re.IGNORECASE) and at + timedelta(weeks=1) <= now:
        return at + timedelta(weeks=1)
    if re.fullmatch(rf"(?:{_CLOCK}){_ZONE}", words, re.IGNORECASE):
        just_now = [one for one in shown if timedelta() <= now - one < JUST_NOW]
        return max(just_now, default=at if at <= now else at - timedelta(days=1))
    return at


def _span(words: str) -> timedelta:
    plain = re.sub(r"^about\s+", "", words.lower())
    plain = re.sub(r"^half\s+an\s+hour$", "30m", plain)
    plain = re.sub(r"^an?\s+", "1 ", plain).replace(" and ", " ")
    return spoken_duration(plain)


def _rest(words: str, end: int) -> str:
    return words[end:].strip().strip(",;:-—").strip().strip(QUOTES).strip()
