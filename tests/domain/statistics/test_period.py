"""Which instants belong to a period typed by a person."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from bot.domain.statistics.period import last_days, period_of

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "name", "since", "until"),
    [
        ("", "30d", "2026-07-07T14:00", "2026-08-06T14:00"),
        ("7 days", "7d", "2026-07-30T14:00", "2026-08-06T14:00"),
        ("2w", "14d", "2026-07-23T14:00", "2026-08-06T14:00"),
        ("quarter", "2026-Q3", "2026-06-30T23:00", "2026-08-06T14:00"),
        ("Last Quarter", "2026-Q2", "2026-03-31T23:00", "2026-06-30T22:59:59.999999"),
        ("2025-Q4", "2025-Q4", "2025-09-30T23:00", "2025-12-31T23:59:59.999999"),
        ("2026", "2026", "2026-01-01T00:00", "2026-08-06T14:00"),
        ("2025", "2025", "2025-01-01T00:00", "2025-12-31T23:59:59.999999"),
    ],
)
def test_a_period_ends_now_or_with_its_last_instant(words: str, name: str, since: str, until: str) -> None:
    found = period_of(words, NOW, LONDON)
    assert (found.name, found.since.replace(tzinfo=None), found.until.replace(tzinfo=None)) == (
        name, datetime.fromisoformat(since), datetime.fromisoformat(until),
    )  # fmt: skip


@pytest.mark.parametrize(
    "words", ["2027", "1999", "0000", "0d", "9999d", "soon", "2026-Q5", "2026-Q4", "9" * 5000 + "d"]
)
def test_an_invalid_period_is_refused_with_examples(words: str) -> None:
    with pytest.raises(Refused, match=r"Type for example|can be counted"):
        period_of(words, NOW, LONDON)


def test_the_longest_period_is_ten_years() -> None:
    assert last_days(3660, NOW).span == timedelta(days=3660)


@pytest.mark.parametrize(
    ("words", "shown"), [("", "last 30 days"), ("1d", "last day"), ("2w", "last 14 days"), ("2026", "2026")]
)
def test_a_period_is_shown_as_people_say_it(words: str, shown: str) -> None:
    assert period_of(words, NOW, LONDON).shown == shown
