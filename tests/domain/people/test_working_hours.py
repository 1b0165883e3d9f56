"""Working hours, and durations that count only within them."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.people.working_hours import WorkingHours, after, between, opening

LONDON = ZoneInfo("Europe/London")
OFFICE = WorkingHours(frozenset(range(5)), time(9), time(18), LONDON)
NIGHTS = WorkingHours(frozenset({4, 5}), time(22), time(6), LONDON)
ALWAYS = WorkingHours(frozenset(range(7)), time(0), time(0), LONDON)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/London", "America/St_Johns", "Pacific/Apia")])
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
INSTANTS = st.integers(0, 2 * 366 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE)
SPANS = st.timedeltas(timedelta(0), timedelta(hours=50))


@st.composite
def hours(draw: st.DrawFn) -> WorkingHours:
    begins, ends = draw(TIMES), draw(TIMES)
    length = (ends.hour * 60 + ends.minute - begins.hour * 60 - begins.minute) % (24 * 60)
    if 0 < length < 60:
        ends = begins
    return WorkingHours(draw(DAYS), begins, ends, draw(ZONES))


def at(day: int, hour: int, minute: int = 0, month: int = 8) -> datetime:
    """An instant in London, in August 2026 by default; the 3rd is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(3, 9), at(3, 9)),
        (at(3, 17, 59), at(3, 17, 59)),
        (at(3, 18), at(4, 9)),
        (at(3, 8, 59), at(3, 9)),
        (at(7, 18), at(10, 9)),
        (at(8, 12), at(10, 9)),
    ],
)
def test_the_office_opens_on_the_next_working_day(now: datetime, opens: datetime) -> None:
    assert OFFICE.opening(now) == opens
    assert OFFICE.is_open(now) == (now == opens)


@pytest.mark.parametrize(
    ("now", "span", "over"),
    [
        (at(3, 10), 2 * HOUR, at(3, 12)),
        (at(3, 17), HOUR, at(3, 18)),
        (at(7, 17), 2 * HOUR, at(10, 10)),
        (at(8, 12), 2 * HOUR, at(10, 11)),
        (at(3, 9), 45 * HOUR, at(7, 18)),
        (at(3, 9), 46 * HOUR, at(10, 10)),
    ],
)
def test_time_left_at_closing_time_continues_at_the_next_opening(
    now: datetime, span: timedelta, over: datetime
) -> None:
    assert OFFICE.after(now, span) == over


def test_the_next_business_day_ends_at_its_closing_time() -> None:
    assert OFFICE.next_day_ends(at(3, 3)) == at(4, 18)
    assert OFFICE.next_day_ends(at(3, 17)) == at(4, 18)
    assert OFFICE.next_day_ends(at(7, 17)) == at(10, 18)
    assert OFFICE.next_day_ends(at(8, 12)) == at(10, 18)


def test_a_night_shift_ends_on_the_next_day() -> None:
    assert NIGHTS.is_open(at(8, 3))
    assert NIGHTS.opening(at(9, 6)) == at(14, 22)
    assert NIGHTS.after(at(8, 5), 2 * HOUR) == at(8, 23)


def test_a_night_in_which_the_clocks_change_counts_its_real_length() -> None:
    """On 25 October 2026 London's clocks go back at two."""
    assert NIGHTS.after(at(24, 22, month=10), 9 * HOUR) == at(25, 6, month=10)


def test_working_hours_that_the_clocks_skip_entirely_do_not_happen_that_day() -> None:
    """On 29 March 2026 London's clocks go from one to two."""
    early = WorkingHours(frozenset(range(7)), time(1), time(2), LONDON)
    assert early.opening(at(29, 0, month=3)) == at(30, 1, month=3)
    assert not early.is_open(at(29, 2, month=3)) and early.after(at(28, 1, 30, month=3), HOUR) == at(30, 1, 30, month=3)


def test_working_hours_around_the_clock_count_all_time() -> None:
    now = at(24, 23, month=10)
    assert ALWAYS.opening(now) == now
    assert ALWAYS.after(now, 30 * HOUR) == now + 30 * HOUR


@given(hours(), INSTANTS, SPANS, SPANS)
def test_counting_a_span_in_two_parts_gives_the_same_end(
    hours: WorkingHours, now: datetime, first: timedelta, second: timedelta
) -> None:
    """The first part may end exactly at closing time; a zero span would then end at the next opening."""
    assume(second)
    assert hours.after(hours.after(now, first), second) == hours.after(now, first + second)


def test_a_zero_span_ends_at_the_next_opening() -> None:
    monday = WorkingHours(frozenset({0}), time(0), time(0), ZoneInfo("UTC"))
    closing = datetime(2026, 1, 6, tzinfo=UTC)
    assert monday.after(closing - 24 * HOUR, 24 * HOUR) == closing
    assert monday.after(closing, timedelta(0)) == datetime(2026, 1, 12, tzinfo=UTC)


@given(hours(), INSTANTS, SPANS)
def test_time_counts_only_during_working_hours(hours: WorkingHours, now: datetime, span: timedelta) -> None:
    opens, over = hours.opening(now), hours.after(now, span)
    assert now <= opens <= over
    assert over - now >= span
    assert hours.is_open(opens)


@given(hours())
def test_working_hours_survive_a_round_trip_through_json(hours: WorkingHours) -> None:
    assert WorkingHours.from_json(hours.as_json()) == hours


def test_without_working_hours_all_time_counts() -> None:
    assert after(None, at(8, 12), HOUR) == at(8, 13)
    assert opening(None, at(8, 12)) == at(8, 12)


@given(hours(), INSTANTS, SPANS)
def test_the_time_worked_until_a_spans_end_is_the_span(office: WorkingHours, now: datetime, span: timedelta) -> None:
    assert between(office, now, after(office, now, span)) == span
    assert between(None, now, now + span) == span
