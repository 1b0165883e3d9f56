"""The period to count: the last 30 days, a quarter, a year."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.domain.people.schedule import instant_of

USUAL = "30d"
LONGEST_DAYS = 3660
MONTHS_OF_QUARTER = 3
DAYS = {"d": 1, "w": 7}
# So that a period ends before the next one begins.
INSTANT = timedelta(microseconds=1)
EARLIEST_YEAR = 2000
HOW = "Type for example `30d`, `12w`, `quarter`, `last quarter`, `2026` or `2026-Q3`."


@dataclass(frozen=True)
class Period:
    """From `since` to `until`, both inclusive."""

    name: str
    since: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        return self.until - self.since

    @property
    def shown(self) -> str:
        """Its name for display: `last 30 days`, `2026-Q3`."""
        days = self.name.removesuffix("d")
        return self.name if days == self.name else "last day" if days == "1" else f"last {days} days"


def last_days(days: int, now: datetime) -> Period:
    """The last `days` days up to now. Raises Refused."""
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(f"Between 1 and {LONGEST_DAYS} days can be counted.")
    return Period(f"{days}d", now - timedelta(days=days), now)


def period_of(words: str, now: datetime, zone: ZoneInfo) -> Period:
    """Parse a period; one that is not over ends now. Raises Refused."""
    text = " ".join(words.lower().split()) or USUAL
    if found := re.fullmatch(r"(?:last )?(\d{1,9}) ?([dw])(?:ays?|eeks?)?", text):
        return last_days(int(found[1]) * DAYS[found[2]], now)
    today = now.astimezone(zone).date()
    this = (today.year, (today.month - 1) // MONTHS_OF_QUARTER)
    if text in ("quarter", "this quarter"):
        return _quarter(*this, now, zone)
    if text == "last quarter":
        return _quarter(*_before(*this), now, zone)
    if found := re.fullmatch(r"(\d{4})[- ]?q([1-4])", text):
        return _quarter(int(found[1]), int(found[2]) - 1, now, zone)
    if text in ("year", "this year") or re.fullmatch(r"\d{4}", text):
        year = int(text) if text.isdigit() else today.year
        return _between(f"{year:04d}", (year, 1), (year + 1, 1), now, zone)
    raise Refused(f"“{words}” isn't a period. {HOW}")


def _before(year: int, quarter: int) -> tuple[int, int]:
    return (year, quarter - 1) if quarter else (year - 1, MONTHS_OF_QUARTER)


def _quarter(year: int, quarter: int, now: datetime, zone: ZoneInfo) -> Period:
    first = quarter * MONTHS_OF_QUARTER + 1
    after = (year, first + MONTHS_OF_QUARTER) if quarter < MONTHS_OF_QUARTER else (year + 1, 1)
    return _between(f"{year}-Q{quarter + 1}", (year, first), after, now, zone)


def _between(name: str, begin: tuple[int, int], end: tuple[int, int], now: datetime, zone: ZoneInfo) -> Period:
    """`begin` and `end` are (year, month); `end` is exclusive."""
    if begin[0] < EARLIEST_YEAR:
        raise Refused(f"There is nothing to count in {name}. {HOW}")
    since = instant_of(date(*begin, 1), time(), zone)
    if since > now:
        raise Refused(f"{name} is in the future. {HOW}")
    return Period(name, since, min(now, instant_of(date(*end, 1), time(), zone) - INSTANT))
