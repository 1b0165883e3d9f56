"""A chart's grid lines are at round values and round times."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.charts.axes import round_times, round_values

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("highest", "values"),
    [(630, [0, 100, 200, 300, 400, 500, 600, 700]), (100, [0, 25, 50, 75, 100]), (1, [0, 0.25, 0.5, 0.75, 1]),
     (0, [0, 0.25, 0.5, 0.75, 1]), (0.07, [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07])],
)  # fmt: skip
def test_grid_values_are_round_and_reach_the_maximum(highest: float, values: list[float]) -> None:
    assert round_values(highest) == pytest.approx(values)


@pytest.mark.parametrize("highest", [0.001, 3.7, 19, 99.9, 1234, 86_400_000])
def test_there_are_a_handful_of_grid_values(highest: float) -> None:
    assert 4 <= len(round_values(highest)) <= 12


def clocks(begin: datetime, end: datetime) -> list[str]:
    return [clock for _, clock in round_times(begin.timestamp(), end.timestamp(), LONDON)]


def test_a_day_has_a_line_every_three_hours() -> None:
    begin, end = datetime(2026, 8, 7, 13, 5, tzinfo=LONDON), datetime(2026, 8, 8, 13, 5, tzinfo=LONDON)

    assert clocks(begin, end) == ["15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00"]


def test_ten_minutes_have_a_line_every_minute() -> None:
    begin, end = datetime(2026, 8, 7, 13, 5, tzinfo=LONDON), datetime(2026, 8, 7, 13, 9, 59, tzinfo=LONDON)

    assert clocks(begin, end) == ["13:05", "13:06", "13:07", "13:08", "13:09"]


def test_an_hour_skipped_by_the_clocks_is_on_no_chart() -> None:
    """In March, 01:00 becomes 02:00."""
    begin, end = datetime(2026, 3, 28, 23, tzinfo=LONDON), datetime(2026, 3, 29, 4, tzinfo=LONDON)

    hours = [clock for clock in clocks(begin, end) if clock.endswith(":00")]
    assert hours == [
        "23:00",
        "00:00",
        "02:00",
        "03:00",
        "04:00",
    ]


def test_counts_have_no_fractional_grid_values() -> None:
    assert round_values(2.2, whole=True) == [0, 1, 2, 3]
    assert round_values(0, whole=True) == [0, 1]
    assert all(value == int(value) for highest in range(1, 200) for value in round_values(highest, whole=True))
