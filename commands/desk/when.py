"""Parses times in plain words: `18:00`, `Mon 9am`, `tomorrow noon`, `2026-12-01 09:00`, `4h`, `in two days`."""

import asyncio
import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import dateparser

from bot.domain.errors import Refused
from bot.domain.people.schedule import instants_of
from bot.runbook import parse_duration
from bot.slack.blocks import clip

# Quotes added by people and phones.
QUOTES = "\"“”'‘’"
WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|r|rs|rsday|urday)?\b", re.IGNORECASE)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = re.compile(r"\b(weeks?|days?|hours?|hrs?|minutes?|mins?)\b", re.IGNORECASE)
# “tomorrow 9” is an hour to some, a day to others, and dateparser ignores the number.
BARE_NUMBER = re.compile(r"(?:^|[\s,])\d{1,2}(?=$|,|\s+(?:today|tomorrow|mon|tue|wed|thu|fri|sat|sun))", re.IGNORECASE)
MONTH = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
# In “tomorrow 25:00”, dateparser ignores what it does not understand, and uses the current hour.
CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)")
HALF_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2})(?:[:.]\d{2})?\s?[ap]m\b", re.IGNORECASE)
# A zone's abbreviation, as Tocsin writes it after a time.
BEHIND_A_CLOCK = re.compile(r"(?<=[\dmM])\s*\b[A-Z]{3,5}\b")
# A plausible limit for years.
YEARS_AHEAD = 10
# No time takes more characters than this; dateparser is slow on long text.
LONGEST = 80

HOW = "say for example `18:00`, `Mon 9am`, `tomorrow noon`, `2026-12-01 09:00` or `4h`"


async def moment(words: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant these words mean, in UTC; a time of day or weekday means the next one. Raises Refused.

    In a thread: dateparser takes 0.2 s for its first word, and pages must not wait for that.
    """
    return await asyncio.to_thread(read, words, now, zone)


def read(words: str, now: datetime, zone: tzinfo) -> datetime:
    words = words.strip().strip(QUOTES).strip()
    if not words:
        raise Refused(f"No time is given: {HOW}.")
    if len(words) > LONGEST:
        raise Refused(f"“{clip(words, LONGEST)}” is too long for a time: {HOW}.")
    if (later := _later(words, now)) is not None:
        return later
    if (name := BEHIND_A_CLOCK.search(words)) and (named := named_offset(name[0], zone, now)):
        words, zone = words[: name.start()] + words[name.end() :], named
    if re.search(r"\d/\d", words) or (BARE_NUMBER.search(words) and not MONTH.search(words)):
        raise Refused(f"“{words}” can be read in two ways: {HOW}.")
    found = _parsed(words, now, zone)
    if found.tzinfo is not None:
        return found.astimezone(now.tzinfo)
    # In a repeated hour, half of it over, the time still ahead is meant.
    days = {now.astimezone(zone).date(), found.date()} if _names_no_day(words) else {found.date()}
    meant = [at for day in sorted(days) for at in instants_of(day, found.time(), zone)]
    return next((at for at in meant if at > now), meant[-1])


def _names_no_day(words: str) -> bool:
    return not CLOCK.sub("", HALF_CLOCK.sub("", words)).strip()


def named_offset(name: str, zone: tzinfo, now: datetime) -> tzinfo | None:
    """The offset of an abbreviation such as `IST` where clocks in `zone` show it, in summer or winter, since elsewhere
    it may be Irish or Israeli time; None: never shown there."""
    for months in range(12):
        at = (now + timedelta(days=30.5 * months)).astimezone(zone)
        if at.tzname() == name.strip():
            return timezone(at.utcoffset() or timedelta(0), name.strip())
    return None


def is_on_a_clock(words: str) -> bool:
    """Whether every time of day in these words exists: neither 25:00 nor 14:60 nor 13pm."""
    whole = all(int(at[1]) < 24 and int(at[2]) < 60 and int(at[3] or 0) < 60 for at in CLOCK.finditer(words))
    return whole and all(1 <= int(at[1]) <= 12 for at in HALF_CLOCK.finditer(words))


def _later(words: str, now: datetime) -> datetime | None:
    """`4h`, `in 90 minutes`: elapsed time, regardless of clock changes."""
    span = UNITS.sub(lambda unit: unit[0][0], re.sub(r"^(?:in|for)\s+", "", words, flags=re.IGNORECASE))
    try:
        return now + parse_duration(span)
    except Refused:
        return None


def _parsed(words: str, now: datetime, zone: tzinfo) -> datetime:
    """The time read in the zone's wall clock, naive; aware if the words name another zone. Raises Refused."""
    today = now.astimezone(zone).replace(tzinfo=None)
    found = _guess(words, today)
    weekday = WEEKDAY.search(words)
    if weekday and found:
        rest = _guess(WEEKDAY.sub("", words).strip(" ,"), today)
        is_today = today.weekday() == DAYS.index(weekday[1].lower()) and "next" not in words.lower()
        # On a Thursday, “Thu 18:00” means this evening, not next week.
        if is_today and rest and rest.tzinfo is None and rest.date() == today.date():
            return rest
        # “Monday 9” is the 9th to some, and nine o'clock to others.
        if found.weekday() != DAYS.index(weekday[1].lower()):
            raise Refused(f"“{words}” can be read in two ways: {HOW}.")
    if found is None:
        raise Refused(f"I can't read “{words}” as a time: {HOW}.")
    if abs(found.year - today.year) > YEARS_AHEAD:
        raise Refused(f"“{words}” is more than {YEARS_AHEAD} years away: {HOW}.")
    return found


def _guess(words: str, today: datetime) -> datetime | None:
    settings = {"RELATIVE_BASE": today, "PREFER_DATES_FROM": "future", "DATE_ORDER": "DMY"}
    try:
        is_readable = bool(words) and is_on_a_clock(words)
        found = dateparser.parse(words, languages=["en"], settings=settings) if is_readable else None
    except (ValueError, OverflowError):
        return None
    return found if found and says_its_date(words, found, today) else None


def says_its_date(words: str, found: datetime, today: datetime) -> bool:
    """Guard against dateparser reading “32 Dec” as 2032, “2027” as some day of that year, and “31 Feb” as 1931: with a
    month the day must be named, and a distant year written in full."""
    dated = HALF_CLOCK.sub("", CLOCK.sub("", words))
    names_day = re.search(rf"(?<!\d)0?{found.day}(?!\d)", dated) is not None
    if (MONTH.search(dated) or re.fullmatch(r"\d{4}", words)) and not names_day:
        return False
    return abs(found.year - today.year) <= YEARS_AHEAD or f"{found.year:04d}" in words
