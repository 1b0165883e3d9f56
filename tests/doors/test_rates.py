"""How often somebody may come."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.doors.rates import Rate, TooOften

NOON = datetime(2026, 8, 6, 12, tzinfo=UTC)


def test_a_clock_that_is_set_back_shuts_nobody_out() -> None:
    now = NOON
    rate = Rate(2, lambda: now)
    for _ in range(2):
        rate.take("jo")
    now = NOON - timedelta(hours=1)
    with pytest.raises(TooOften):
        rate.take("jo")
    now += timedelta(seconds=30)
    rate.take("jo")
