"""Parses due dates: `Friday`, `12 Dec`, `next week`, `end of the month`, `2w`."""

import asyncio
import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.domain.people.schedule import instant_of
from commands.desk.when import DAYS, WEEKDAY, read
from commands.desk.when import HOW as HOW_OF_TIMES

# A day without an hour means the end of its working time.
END_OF_WORK = time(17, 0)
END_OF_DAY = time(23, 59)
HOUR = re.compile(
    r"\d:\d\d|\b\d{1,2}\s*[ap]\.?m\b|\b(?:noon|midnight|morning|afternoon|evening|tonight)\b"
    r"|\d\s*(?:h|m|hours?|hrs?|min\w*)\b",
    re.IGNORECASE,
)
# “12.10.” is ambiguous: day and month in either order.
DOTTED = re.compile(r"(?:^|\s)\d{1,2}\.\d{1,2}\b")
MONTH_END = re.compile(r"(?:the )?(?:end of )?(?:the |this )?(next )?month", re.IGNORECASE)
QUARTER_END = re.compile(r"(?:the )?(?:end of )?(?:the |this )?(next )?quarter", re.IGNORECASE)
YEAR_END = re.compile(r"(?:the )?(?:end of )?(?:the |this )?(next )?year", re.IGNORECASE)
WEEK_END = re.compile(r"(?:(?:the )?end of (?:the |this )?|this )?(next )?week", re.IGNORECASE)
WEEKDAY_OF_NEXT = re.compile(r"(\w+),? (?:of )?next week", re.IGNORECASE)
FRIDAY = 4
HOW = "say for example `Friday`, `12 Dec`, `next week`, `end of the month`, `2w` or `2026-12-01 15:00`"


async def day(words: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, by which something is due; without an hour, the end of work. Raises Refused.

    Runs in a thread, as `moment`.
    """
    return await asyncio.to_thread(by_day, words, now, zone)


def by_day(words: str, now: datetime, zone: ZoneInfo) -> datetime:
    words = " ".join(words.split()).strip(" .,;!")
    today = now.astimezone(zone).date()
    if (named := _named(words, today)) is not None:
        return _ends(named, now, zone)
    if DOTTED.search(words):
        raise Refused(f"“{words}” can be read in two ways: {HOW}.")
    if words.lower() == "now":
        raise Refused(f"“{words}” leaves no time: {HOW}.")
    try:
        found = read(words, now, zone)
    except Refused as refused:
        raise Refused(str(refused).replace(HOW_OF_TIMES, HOW)) from refused
    if not HOUR.search(words):
        return _ends(found.astimezone(zone).date(), now, zone)
    if found <= now:
        raise Refused(f"“{words}” is past: {HOW}.")
    return found


def _named(words: str, today: date) -> date | None:
    """Phrases dateparser does not know, or reads differently from people."""
    if found := MONTH_END.fullmatch(words):
        first = (today.replace(day=1) + timedelta(days=32)).replace(day=1) if found[1] else today
        return first.replace(day=monthrange(first.year, first.month)[1])
    if found := QUARTER_END.fullmatch(words):
        return _last_of_quarter(today, 1 if found[1] else 0)
    if found := YEAR_END.fullmatch(words):
        return date(today.year + (1 if found[1] else 0), 12, 31)
    monday = today - timedelta(days=today.weekday())
    if found := WEEK_END.fullmatch(words):
        return monday + timedelta(days=FRIDAY, weeks=1 if found[1] or today.weekday() > FRIDAY else 0)
    if (found := WEEKDAY_OF_NEXT.fullmatch(words)) and (weekday := WEEKDAY.fullmatch(found[1])):
        return monday + timedelta(days=DAYS.index(weekday[1].lower()), weeks=1)
    return None


def _last_of_quarter(today: date, ahead: int) -> date:
    years, quarter = divmod((today.month - 1) // 3 + ahead, 4)
    year, month = today.year + years, quarter * 3 + 3
    return date(year, month, monthrange(year, month)[1])


def _ends(on: date, now: datetime, zone: ZoneInfo) -> datetime:
    """The end of work on that day; if that is past, the end of the day. Raises Refused for a day that is over."""
    at = instant_of(on, END_OF_WORK, zone)
    if at <= now:
        at = instant_of(on, END_OF_DAY, zone)
    if at <= now:
        raise Refused(f"{on:%d %b %Y} is past: {HOW}.")
    return at
