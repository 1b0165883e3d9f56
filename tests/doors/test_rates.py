"""Rate limits."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.doors.rates import Rate, TooOften

NOON = datetime(2026, 8, 6, 12, tzinfo=UTC)


def test_setting_the_clock_back_locks_nobody_out() -> None:
    now = NOON
    rate = Rate(2, lambda: now)
    for _ in range(2):
        rate.take("jo")
    now = NOON - timedelta(hours=1)
    with pytest.raises(TooOften):
        rate.take("jo")
    now += timedelta(seconds=30)
    rate.take("jo")


def test_an_hourly_allowance_refills_over_an_hour() -> None:
    now = NOON
    rate = Rate(60, lambda: now, span="hour")
    rate.take("jo", 60)
    with pytest.raises(TooOften) as refused:
        rate.take("jo")
    assert 60 <= refused.value.wait_s <= 61
    now += timedelta(seconds=59)
    with pytest.raises(TooOften):
        rate.take("jo")
    now += timedelta(seconds=2)
    rate.take("jo")
    rate.take("mo", 60)
