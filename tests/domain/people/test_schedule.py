"""Who is on call, across handovers and both clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as some

from bot.domain.people.schedule import Rotation, handover, on_call

BERLIN = ZoneInfo("Europe/Berlin")
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)


def rotation(every: timedelta = WEEK, at: time = time(9), weekday: int | None = 0, zone: ZoneInfo = BERLIN) -> Rotation:
    return Rotation(("ada", "ben", "cleo"), every, weekday, at, date(2026, 1, 7), zone)


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


def test_the_first_shift_begins_at_the_handover_on_or_before_its_start() -> None:
    assert handover(rotation(), 0) == local(2026, 1, 5, 9)


def test_a_shift_ends_at_the_instant_the_next_one_begins() -> None:
    before, after = local(2026, 1, 12, 8, 59), local(2026, 1, 12, 9)
    assert on_call(rotation(), before).person == "ada"
    assert on_call(rotation(), after).person == "ben"
    assert on_call(rotation(), before).ends == on_call(rotation(), after).begins == after


def test_a_handover_keeps_its_local_time_when_the_clocks_change() -> None:
    daily = rotation(DAY, weekday=None)
    assert on_call(daily, local(2026, 3, 29, 12)).begins == local(2026, 3, 29, 9)
    assert on_call(daily, local(2026, 10, 25, 12)).begins == local(2026, 10, 25, 9)


def test_a_handover_in_the_skipped_hour_happens_at_the_first_instant_after_it() -> None:
    """2026-03-29 02:30 does not exist in Berlin: 02:00 becomes 03:00, which is 01:00 UTC."""
    nightly = rotation(DAY, at=time(2, 30), weekday=None)
    assert on_call(nightly, local(2026, 3, 29, 12)).begins == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_handover_in_the_repeated_hour_happens_at_the_first_of_the_two() -> None:
    nightly = rotation(DAY, at=time(2, 30), weekday=None)
    assert on_call(nightly, local(2026, 10, 25, 12)).begins == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_half_an_hour_is_skipped_on_lord_howe_island() -> None:
    """2026-10-04 02:15 does not exist there: 02:00 becomes 02:30, which is 15:30 UTC of the day before."""
    island = rotation(DAY, at=time(2, 15), weekday=None, zone=ZoneInfo("Australia/Lord_Howe"))
    noon = datetime(2026, 10, 4, 2, tzinfo=UTC)
    assert on_call(island, noon).begins == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


@given(
    some.timedeltas(timedelta(0), timedelta(days=5 * 365)),
    some.sampled_from([DAY, WEEK, timedelta(hours=12), timedelta(days=3), timedelta(hours=7)]),
    some.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata"]),
    some.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
def test_at_every_instant_exactly_one_person_is_on_call(
    since: timedelta, every: timedelta, zone: str, at: time
) -> None:
    turns = rotation(every, at=at, weekday=None, zone=ZoneInfo(zone))
    now = datetime(2026, 1, 10, tzinfo=UTC) + since
    shift = on_call(turns, now)
    assert shift.begins <= now < shift.ends
    assert on_call(turns, shift.ends).begins == shift.ends
