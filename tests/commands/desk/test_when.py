"""Times in plain words, as people type them in a hurry."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.domain.errors import Refused
from commands.desk.when import read

LONDON = ZoneInfo("Europe/London")
BERLIN = ZoneInfo("Europe/Berlin")
# A Thursday.
NOW = datetime(2026, 8, 6, 15, 0, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("18:00", "2026-08-06 18:00"),
        ("14:59", "2026-08-07 14:59"),
        ("6pm", "2026-08-06 18:00"),
        ("Mon 9am", "2026-08-10 09:00"),
        ("mon 09:00", "2026-08-10 09:00"),
        ("Sun 03:00", "2026-08-09 03:00"),
        ("“Sun 03:00”", "2026-08-09 03:00"),
        ("next Thursday 9am", "2026-08-13 09:00"),
        ("tomorrow noon", "2026-08-07 12:00"),
        ("tomorrow at noon", "2026-08-07 12:00"),
        ("midnight", "2026-08-07 00:00"),
        ("2026-12-01 09:00", "2026-12-01 09:00"),
        ("1 Dec 9:00", "2026-12-01 09:00"),
        ("Dec 1", "2026-12-01 00:00"),
        ("Mon 9 am", "2026-08-10 09:00"),
        ("4h", "2026-08-06 19:00"),
        ("for 1h30m", "2026-08-06 16:30"),
        ("in 90 minutes", "2026-08-06 16:30"),
        ("2 days", "2026-08-08 15:00"),
        ("in two days", "2026-08-08 15:00"),
    ],
)
def test_a_time_in_plain_words_means_its_next_occurrence_in_the_zone(words: str, meant: str) -> None:
    assert read(words, NOW, LONDON) == datetime.fromisoformat(meant).replace(tzinfo=LONDON)


def test_todays_weekday_means_today_while_its_time_is_ahead_and_else_next_week() -> None:
    assert read("Thu 15:01", NOW, LONDON) == NOW + timedelta(minutes=1)
    assert read("Thu 14:59", NOW, LONDON) == NOW + timedelta(days=7, minutes=-1)
    assert read("Thu 13 Aug 16:00", NOW, LONDON) == NOW + timedelta(days=7, hours=1)


def test_a_time_with_its_own_zone_is_read_in_that_zone() -> None:
    assert read("2026-12-01T09:00:00Z", NOW, LONDON) == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert read("Mon 9am UTC", NOW, LONDON) == datetime(2026, 8, 10, 9, tzinfo=UTC)


def test_in_the_night_of_a_clock_change_a_duration_is_elapsed_time_and_a_time_is_wall_clock() -> None:
    """2026-03-29: 02:00 becomes 03:00 in Berlin, which is 01:00 UTC."""
    evening = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert read("4h", evening, BERLIN) == evening + timedelta(hours=4)
    assert read("02:30", evening, BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert read("03:30", evening, BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day"), [("Europe/London", (2026, 10, 25)), ("America/New_York", (2026, 11, 1))])
def test_in_a_repeated_hour_the_next_occurrence_is_meant(zone: str, day: tuple[int, int, int]) -> None:
    wall = ZoneInfo(zone)
    first = datetime(*day, 1, 0, tzinfo=wall).astimezone(UTC)
    half, hour = timedelta(minutes=30), timedelta(hours=1)
    moment = timedelta(seconds=20)
    assert read("01:30", first + moment, wall) == first + half
    for words in ("01:30", "1:30am"):
        assert read(words, first + half + moment, wall) == first + half + hour, "the first is over"
        assert read(words, first + hour + moment, wall) == first + half + hour
    assert read("01:30", first + half + hour + moment, wall) == first + half + hour + timedelta(days=1)
    assert read("02:30", first + hour, wall) == first + 2 * hour + half


@pytest.mark.parametrize(
    "words", ["9", "at 18", "Monday 9", "Thu, 06", "tomorrow 9", "tomorrow at 9", "9 tomorrow", "01/12/2026 09:00"]
)
def test_an_ambiguous_time_is_asked_about(words: str) -> None:
    with pytest.raises(Refused, match="can be read in two ways: say for example `18:00`"):
        read(words, NOW, LONDON)


@pytest.mark.parametrize(
    "words",
    [
        "when I am back",
        "25:00",
        "tomorrow 25:00",
        "tomorrow 14:60",
        "tomorrow 13pm",
        "0001",
        "31 Feb",
        "32 Dec",
        "Dec",
        "Dec 2027",
        "2027",
    ],
)
def test_an_invalid_time_is_quoted_with_what_to_type_instead(words: str) -> None:
    with pytest.raises(Refused, match=f"I can't read “{words}” as a time: say for example"):
        read(words, NOW, LONDON)


@pytest.mark.parametrize("words", ["2099-01-01", "2099-01-01 09:00", "1 Jan 2099", "9999-01-01"])
def test_an_implausible_year_is_refused_as_too_far_away(words: str) -> None:
    with pytest.raises(Refused, match=f"“{words}” is more than 10 years away"):
        read(words, NOW, LONDON)


@pytest.mark.parametrize("words", ["3rd of December 9am", "Dec 03 9:00", "Thu 3 December 2026 9am", "3.12. 9:00"])
def test_a_day_is_recognised_however_its_number_is_written(words: str) -> None:
    assert read(words, NOW, LONDON) == datetime(2026, 12, 3, 9, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("zone", "words", "hour"),
    [
        ("Asia/Kolkata", "tomorrow 15:00 IST", 9.5),
        ("Asia/Jerusalem", "tomorrow 15:00 IDT", 12),
        ("Asia/Shanghai", "tomorrow 15:00 CST", 7),
        ("America/Chicago", "tomorrow 15:00 CST", 21),
        ("America/Chicago", "tomorrow 15:00 CDT", 20),
        ("Europe/London", "tomorrow 15:00 EST", 20),
    ],
)
def test_an_ambiguous_zone_abbreviation_means_the_runbooks_zone(zone: str, words: str, hour: float) -> None:
    assert read(words, NOW, ZoneInfo(zone)) == datetime(2026, 8, 7, tzinfo=UTC) + timedelta(hours=hour)


def test_empty_text_is_no_time() -> None:
    with pytest.raises(Refused, match="No time is given"):
        read("  ", NOW, LONDON)


@settings(max_examples=60)
@given(some.text(max_size=30) | some.from_regex(r"(in )?\d{1,12} ?(h|years|mon|:|am|\.)\d*", fullmatch=True))
def test_any_text_is_either_a_time_or_refused_with_a_sentence(words: str) -> None:
    try:
        assert read(words, NOW, LONDON).utcoffset() is not None
    except Refused as refused:
        assert "say for example" in str(refused)
