"""Durations as people write them, with units."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.runbook import format_duration, parse_duration
from bot.runbook.durations import LONGEST


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1w2d3h4m5s6ms", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5, milliseconds=6)),
        ("90m", timedelta(minutes=90)),  # a unit may exceed the next larger one
        (" 1h 30m ", timedelta(minutes=90)),  # blanks do not matter
        ("15M", timedelta(minutes=15)),  # nor does case: nobody means months
        ("0s", timedelta(0)),
        ("3660d", LONGEST),
    ],
)
def test_a_duration_with_units_is_understood(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("30", "“30” has no unit: say 30s, 30m or 30h"),
        ("", "is not a duration"),
        ("soon", "“soon” is not a duration: say for example 30s, 15m, 4h, 7d or 1h30m"),
        ("-15m", "is not a duration"),  # nothing happens before now
        ("1.5h", "is not a duration"),  # write 1h30m
        ("15 minutes", "is not a duration"),
        ("30m1h", "is not a duration"),  # larger units come first
        ("1h1h", "is not a duration"),  # each unit once
        ("m", "is not a duration"),
        ("3660d1ms", "too long"),
        ("999999999999w", "too long"),  # longer than datetime can count
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str, advice: str) -> None:
    with pytest.raises(Refused, match=advice.replace("(", r"\(")):
        parse_duration(text)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=7), "1w"),
        (timedelta(days=10), "10d"),  # not 1w3d
        (timedelta(days=30), "30d"),
        (timedelta(weeks=2), "2w"),
        (timedelta(days=7, hours=1), "7d1h"),
        (timedelta(0), "0s"),
        (timedelta(milliseconds=1500), "1s500ms"),
        (timedelta(minutes=-5), "-5m"),
        (timedelta(microseconds=400), "0s"),  # to the millisecond
    ],
)
def test_a_duration_is_written_in_its_short_form(span: timedelta, text: str) -> None:
    assert format_duration(span) == text


@given(st.integers(min_value=0, max_value=LONGEST // timedelta(milliseconds=1)))
def test_a_written_duration_reads_back_as_the_same(span_ms: int) -> None:
    span = timedelta(milliseconds=span_ms)
    assert parse_duration(format_duration(span)) == span
