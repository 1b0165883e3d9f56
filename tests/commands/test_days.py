"""Due dates in plain words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from commands.desk.days import by_day

LONDON = ZoneInfo("Europe/London")
# A Thursday, 15:00 in London.
NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Friday", "2026-08-07 17:00"),
        ("tomorrow", "2026-08-07 17:00"),
        ("today", "2026-08-06 17:00"),
        ("12 Dec", "2026-12-12 17:00"),
        ("2026-12-01", "2026-12-01 17:00"),
        ("end of the week", "2026-08-07 17:00"),
        ("next week", "2026-08-14 17:00"),
        ("Tuesday next week", "2026-08-11 17:00"),
        ("end of the month", "2026-08-31 17:00"),
        ("end of next month", "2026-09-30 17:00"),
        ("end of the quarter", "2026-09-30 17:00"),
        ("next quarter", "2026-12-31 17:00"),
        ("the end of the year", "2026-12-31 17:00"),
        ("end of next year", "2027-12-31 17:00"),
        ("2 weeks", "2026-08-20 17:00"),
        ("in 3 days.", "2026-08-09 17:00"),
        ("Friday 9am", "2026-08-07 09:00"),
        ("4h", "2026-08-06 19:00"),
        ("2026-12-01 15:00", "2026-12-01 15:00"),
    ],
)
def test_a_day_without_a_time_means_its_end_of_work(words: str, day: str) -> None:
    assert f"{by_day(words, NOW, LONDON).astimezone(LONDON):%Y-%m-%d %H:%M}" == day


def test_today_means_the_end_of_the_day_once_work_has_ended() -> None:
    late = datetime(2026, 8, 6, 17, 0, tzinfo=UTC)
    assert f"{by_day('today', late, LONDON).astimezone(LONDON):%H:%M}" == "23:59"


@pytest.mark.parametrize(
    "words", ["yesterday", "now", "Now!", "2020-01-01", "12.10.", "12/10", "the cows come home", ""]
)
def test_a_past_or_ambiguous_date_is_refused(words: str) -> None:
    with pytest.raises(Refused, match="`Friday`, `12 Dec`"):
        by_day(words, NOW, LONDON)


def test_the_quarter_after_the_fourth_is_in_the_next_year() -> None:
    november = datetime(2026, 11, 6, 14, 0, tzinfo=UTC)
    assert by_day("end of next quarter", november, LONDON).date() == datetime(2027, 3, 31, tzinfo=UTC).date()
