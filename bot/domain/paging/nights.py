"""Nights in which somebody was paged: three in a row have to be noticed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.people.schedule import INSTANT, instant_of

BEGINS, ENDS = time(22), time(7)
IN_A_ROW = 3
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Night:
    """The night that began on this date; `pages`: the number of ladder steps that paged this person in it."""

    person: str
    begun_on: date
    pages: int


def morning_after(now: datetime, zone: ZoneInfo) -> datetime:
    """The end of the first night that is not over yet."""
    day = now.astimezone(zone).date()
    return next(end for end in (instant_of(day + DAY * n, ENDS, zone) for n in range(3)) if end > now)


def mornings(since: datetime, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The ends of nights from `since` to `now`, both inclusive."""
    morning = morning_after(since - INSTANT, zone)
    while morning <= now:
        yield morning
        morning = morning_after(morning, zone)


def rows_that_end(nights: Iterable[Night], last: date) -> dict[str, list[Night]]:
    """People for whom this was exactly the third night in a row, with the three; longer rows were reported before."""
    of: dict[str, dict[date, Night]] = {}
    for night in nights:
        of.setdefault(night.person, {})[night.begun_on] = night
    wanted = [last - DAY * n for n in reversed(range(IN_A_ROW))]
    return {
        person: [own[day] for day in wanted]
        for person, own in of.items()
        if all(day in own for day in wanted) and wanted[0] - DAY not in own
    }
