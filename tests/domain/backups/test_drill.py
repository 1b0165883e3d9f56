"""When the next drill is due, and when one was too slow."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.backups.drill import OURS, Drill, next_drill, scratch_name

LONDON = ZoneInfo("Europe/London")
TWO = time(2)
WEEK, DAY = timedelta(days=7), timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-08-06T14:00", "2026-08-07T02:00"),  # three o'clock in a London summer
        ("2026-08-07T01:59", "2026-08-07T02:00"),
        ("2026-08-07T02:00", "2026-08-08T02:00"),
        ("2026-12-06T14:00", "2026-12-07T03:00"),
    ],
)
def test_the_first_drill_is_an_hour_after_the_next_nightly_backup(now: str, due: str) -> None:
    assert next_drill(TWO, WEEK, LONDON, after=at(now), last=None) == at(due)


@pytest.mark.parametrize(
    ("last", "every", "due"),
    [
        ("2026-08-07T02:00", WEEK, "2026-08-14T02:00"),
        ("2026-08-07T02:03", WEEK, "2026-08-14T02:00"),
        ("2026-10-23T02:00", WEEK, "2026-10-30T03:00"),  # the clocks go back in between
        ("2026-03-27T03:00", WEEK, "2026-04-03T02:00"),  # the clocks go forward in between
        ("2026-08-07T02:00", DAY, "2026-08-08T02:00"),
        ("2026-08-07T14:10", timedelta(hours=12), "2026-08-08T02:10"),  # no whole days: elapsed time
    ],
)
def test_the_next_drill_is_one_interval_later_by_the_local_calendar(last: str, every: timedelta, due: str) -> None:
    assert next_drill(TWO, every, LONDON, after=at(last), last=at(last)) == at(due)


@pytest.mark.parametrize(("seconds", "slow"), [(1799.9, False), (1800, False), (1800.1, True)])
def test_a_drill_is_slow_when_it_took_longer_than_its_objective(seconds: float, slow: bool) -> None:
    when = at("2026-08-07T02:00")
    took, rto = timedelta(seconds=seconds), timedelta(minutes=30)
    drill = Drill(1, "orders", "passed", "", when, "ada", when, "tocsin_drill_1_abc", took=took, rto=rto)
    assert (drill.is_slow, drill.is_troubled) == (slow, slow)


def test_two_bots_sharing_one_server_never_choose_the_same_drill_name() -> None:
    one, two = scratch_name("drill", 1), scratch_name("drill", 1)
    assert one != two
    assert one.startswith(f"{OURS}drill_1_")
