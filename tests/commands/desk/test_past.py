"""Past times at the beginning of what people type."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from commands.desk.past import read

LONDON = ZoneInfo("Europe/London")
# A Thursday, 15:00:30 in London.
NOW = datetime(2026, 8, 6, 14, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "instant", "rest"),
    [
        ("14:05", "06 13:05:00", ""),
        ("“14:05”", "06 13:05:00", ""),
        ("14:05:20 first errors", "06 13:05:20", "first errors"),
        ("14:05 may be a leak", "06 13:05:00", "may be a leak"),
        ("14:05 on the web servers", "06 13:05:00", "on the web servers"),
        ("at 3pm: deploy 12", "06 14:00:00", "deploy 12"),
        # Later than now, so not today.
        ("16:00", "05 15:00:00", ""),
        ("14:05 UTC", "05 14:05:00", ""),
        ("20 minutes ago the disk filled", "06 13:40:30", "the disk filled"),
        ("1h30m", "06 12:30:30", ""),
        ("1 hour and 5 minutes ago", "06 12:55:30", ""),
        ("half an hour ago", "06 13:30:30", ""),
        ("yesterday 23:50, pool ran dry", "05 22:50:00", "pool ran dry"),
        ("9.30pm yesterday", "05 20:30:00", ""),
        ("Thu 9am", "06 08:00:00", ""),
        ("Mon 9am", "03 08:00:00", ""),
        ("2026-08-05 09:00", "05 08:00:00", ""),
        ("2026-08-05T09:00:00Z deploy", "05 09:00:00", "deploy"),
        ("6 Aug 13:50", "06 12:50:00", ""),
        # As Tocsin prints it.
        ("06 Aug 13:50 BST first errors", "06 12:50:00", "first errors"),
        ("13:50 BST yesterday", "05 12:50:00", ""),
        ("Mon 13:50 BST", "03 12:50:00", ""),
        ("13:50 GMT", "06 13:50:00", ""),
        ("14:05 GET requests fail", "06 13:05:00", "GET requests fail"),
        ("now", "06 14:00:30", ""),
    ],
)
def test_a_time_means_its_latest_occurrence_and_the_rest_is_the_reason(words: str, instant: str, rest: str) -> None:
    assert read(words, NOW, LONDON) == (datetime.fromisoformat(f"2026-08-{instant}").replace(tzinfo=UTC), rest)


@pytest.mark.parametrize(
    "words",
    ["yesterday 25:00", "yesterday 14:60", "25:00 yesterday", "yesterday 13pm", "31 Feb 14:00", "32 Dec 14:00"],
)
@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Tokyo"])
def test_a_nonexistent_hour_or_day_is_not_taken_for_another(words: str, zone: str) -> None:
    with pytest.raises(Refused, match="I can't read"):
        read(words, NOW, ZoneInfo(zone))


@pytest.mark.parametrize("words", ["1990-01-01 10:00", "0001-01-01 00:00", "6 Aug 1999 13:50"])
def test_an_implausible_year_is_refused_as_too_long_ago(words: str) -> None:
    with pytest.raises(Refused, match=f"“{words}” is more than 10 years ago"):
        read(words, NOW, LONDON)


@pytest.mark.parametrize("words", ["", "tomorrow", "the morning", "9", "25:99", "2026-02-30 10:00", "99999 weeks ago"])
def test_an_invalid_time_is_refused_with_examples(words: str) -> None:
    with pytest.raises(Refused, match=r"time|long"):
        read(words, NOW, LONDON)


@pytest.mark.parametrize(
    ("now", "words", "minutes"),
    [
        ("00:10", "01:05", 5), ("00:40", "01:05", 35), ("01:10", "01:05", 5), ("01:40", "01:05", 35),
        ("01:10", "01:50", 20), ("02:04", "01:05", 59), ("02:06", "01:05", 121), ("00:10", "01:30", 24 * 60 - 20),
    ],
)  # fmt: skip
def test_in_the_25_hour_night_a_time_means_the_one_just_shown(now: str, words: str, minutes: int) -> None:
    at = datetime.fromisoformat(f"2026-10-25T{now}").replace(tzinfo=UTC)
    assert at - read(words, at, LONDON)[0] == timedelta(minutes=minutes)


def test_in_the_repeated_hour_the_first_occurrence_is_meant() -> None:
    after = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)
    assert read("01:30", after, LONDON)[0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read("01:30 BST", after, LONDON)[0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read("01:30 GMT", after, LONDON)[0] == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert read("02:30 CET", after, ZoneInfo("Europe/Berlin"))[0] == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_another_time_zones_name_is_not_taken_for_a_reason() -> None:
    with pytest.raises(Refused, match="CEST isn't a time of Europe/London"):
        read("14:05 CEST first errors", NOW, LONDON)


@pytest.mark.parametrize("shown", ["%d %b %H:%M", "%-d %b %H:%M", "%b %d %H:%M", "%H:%M %d %B", "%d %b %Y %H:%M"])
def test_every_day_of_a_month_means_this_years(shown: str) -> None:
    now = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    for day in range(1, 31):
        at = datetime(2026, 11, day, 22, 50, tzinfo=UTC)
        assert read(f"{at:{shown}}", now, LONDON) == (at, "")
