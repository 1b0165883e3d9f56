"""Being woken three nights in a row: by calendar and wall clock, over new year and clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.domain.paging.nights import IN_A_ROW, Night, morning_after, mornings, rows_that_end

DAY, STEP = timedelta(days=1), timedelta(minutes=30)
# By zone, a few days before something happens to the calendar or the clocks.
SINCE = {
    "Europe/London": [date(2026, 3, 27), date(2026, 10, 23), date(2026, 12, 29), date(2028, 2, 27)],
    "America/New_York": [date(2026, 3, 6), date(2026, 10, 30)],
    "Australia/Lord_Howe": [date(2026, 4, 3), date(2026, 10, 2)],
    "Pacific/Kiritimati": [date(2026, 12, 29)],
    "Asia/Kolkata": [date(2026, 12, 29)],
}
PLACES = [(zone, day) for zone, days in SINCE.items() for day in days]


def nights(*begun_on: date, person: str = "ada") -> list[Night]:
    return [Night(person, day, 1) for day in begun_on]


@pytest.mark.parametrize(
    ("begun_on", "told_on"),
    [
        ([(2026, 12, 30), (2026, 12, 31), (2027, 1, 1)], (2027, 1, 1)),
        ([(2026, 12, 31), (2027, 1, 1), (2027, 1, 2), (2027, 1, 3)], (2027, 1, 2)),
        ([(2028, 2, 28), (2028, 2, 29), (2028, 3, 1)], (2028, 3, 1)),
        ([(2026, 10, 24), (2026, 10, 25), (2026, 10, 26)], (2026, 10, 26)),
        ([(2026, 12, 30), (2027, 1, 1), (2027, 1, 2)], None),
        ([(2026, 12, 30), (2026, 12, 31)], None),
    ],
    ids=["over the new year", "four tell once", "leap day", "the clocks go back", "a gap", "two"],
)
def test_three_nights_in_a_row_are_reported_after_the_third(
    begun_on: list[tuple[int, int, int]], told_on: tuple[int, int, int] | None
) -> None:
    days = [date(*one) for one in begun_on]
    told = [last for last in (days[0] + DAY * n for n in range(8)) if rows_that_end(nights(*days), last)]
    assert told == ([date(*told_on)] if told_on else [])


@given(some.lists(some.tuples(some.sampled_from(["ada", "ben"]), some.integers(0, 20)), max_size=30, unique=True))
def test_a_series_of_nights_is_reported_once_however_long_it_gets(woken: list[tuple[str, int]]) -> None:
    """Against an oracle that counts mornings. Each look sees only the last three nights and the one before."""
    new_year = date(2026, 12, 24)
    told, counted = [], []
    in_a_row = dict.fromkeys(("ada", "ben"), 0)
    for number in range(22):
        last = new_year + DAY * number
        seen = [Night(who, new_year + DAY * n, 1) for who, n in woken if number - IN_A_ROW <= n <= number]
        told += [(who, last) for who in sorted(rows_that_end(seen, last))]
        for who in ("ada", "ben"):
            in_a_row[who] = in_a_row[who] + 1 if (who, number) in woken else 0
            counted += [(who, last)] if in_a_row[who] == IN_A_ROW else []
    assert told == counted


def watched(zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """The oracle looks at a wall clock every half hour: a night ends when it first shows seven or later."""
    found, now, over = [], since - DAY, set()
    while now <= until:
        wall = now.astimezone(zone)
        if wall.time() >= time(7) and wall.date() not in over:
            over.add(wall.date())
            found.append(now)
        now += STEP
    return [at for at in found if since <= at]


@settings(max_examples=60)
@given(some.sampled_from(PLACES), some.integers(0, 96), some.integers(0, 240))
def test_every_night_ends_once_at_seven_local_time_however_long_nobody_looked(
    place: tuple[str, date], offset: int, length: int
) -> None:
    zone = ZoneInfo(place[0])
    since = datetime.combine(place[1], time(), UTC) + STEP * offset
    until = since + STEP * length
    assert list(mornings(since, until, zone)) == watched(zone, since, until)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_successive_looks_see_every_night_once(place: tuple[str, date]) -> None:
    zone, begins = ZoneInfo(place[0]), datetime.combine(place[1], time(), UTC)
    looks = [morning_after(begins, zone)]
    while looks[-1] < begins + 6 * DAY:
        looks.append(morning_after(looks[-1], zone))
    assert [at.astimezone(zone).time() for at in looks] == [time(7)] * len(looks)
    assert {after.astimezone(zone).date() - before.astimezone(zone).date() for before, after in pairwise(looks)} == {
        DAY
    }
