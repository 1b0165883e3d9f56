"""Names, ages, what may be deleted, and when the next backup is due."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.backups.backup import (
    Backup,
    BackupStanding,
    Estimate,
    difference,
    estimate,
    file_name,
    misses_at,
    name_in,
    next_report,
    next_run,
    size_shown,
    to_delete,
    worst_first,
)
from bot.domain.backups.target import Target

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)


def a_backup(number: int = 1, *, days_old: float = 0) -> Backup:
    at = NOON - timedelta(days=days_old)
    return Backup(
        number, "orders", "good", at, "tocsin", at, at, "/backups", f"{number}.dump", "here", 10, "abc", "pg_dump 18.4",
        "PostgreSQL 18.4", at, None,
    )  # fmt: skip


def test_a_file_is_named_after_its_database_and_the_instant_in_utc() -> None:
    local = datetime(2026, 8, 8, 3, 0, 5, tzinfo=LONDON)
    name = file_name("orders", local, 12, ".dump")
    assert re.fullmatch(r"orders-20260808T020005Z-12-[0-9a-f]{6}\.dump", name)
    assert name_in(name) == "orders"


def test_a_standby_promoted_since_is_recognised_as_the_server_restored_on() -> None:
    first = Target("db-1", 5432, "orders", running="7301 since 1786024800.5")
    assert first.is_beside(Target("db-2", 5432, "other", running="7301 since 1786028400.5"))
    assert first.is_beside(Target("db-1", 5432, "other"))
    assert not first.is_beside(Target("db-2", 5432, "orders"))
    assert not first.is_beside(Target("db-2", 5432, "orders", running="7302 since 1786024800.5"))
    assert not Target("db-1", 5432, "orders").is_beside(Target("db-1", 5433, "orders"))


def test_two_bots_sharing_one_folder_never_choose_the_same_name() -> None:
    """The old bot and its successor, which continues the adopted numbering, at the same second."""
    assert len({file_name("orders", NOON, 31, ".dump") for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("orders-20260808T020005Z-12.dump", "orders"),
        ("a-b-20260808T020005Z-12-0a1b2c.archive.gz", "a-b"),
        ("orders-20260808T020005Z-1-20260808T020005Z-12.dump", "orders-20260808T020005Z-1"),
        ("orders-20260808T020005Z.dump", ""),
        ("orders-20260808T020005Z-12-zzzzzz.dump", ""),
        ("-20260808T020005Z-12.dump", ""),
        ("orders.dump", ""),
    ],
)
def test_a_dumps_database_is_known_from_its_file_name_old_or_new(file: str, name: str) -> None:
    assert name_in(file) == name


def test_a_backup_is_deleted_only_when_older_than_its_retention() -> None:
    newest, at_the_limit, beyond = a_backup(3), a_backup(2, days_old=30), a_backup(1, days_old=30.0001)
    assert to_delete([newest, at_the_limit, beyond], 30 * DAY, NOON) == [beyond]


def test_the_last_good_backup_is_kept_however_old_it_is() -> None:
    old, older = a_backup(2, days_old=400), a_backup(1, days_old=500)
    assert to_delete([older, old], 30 * DAY, NOON) == [older]
    assert to_delete([older], 30 * DAY, NOON) == []
    assert to_delete([], 30 * DAY, NOON) == []


def test_damaged_backups_expire_too_unless_there_is_nothing_else() -> None:
    good, damaged = a_backup(2), replace(a_backup(1, days_old=31), state="damaged")
    assert to_delete([good, damaged], 30 * DAY, NOON) == [damaged]
    assert to_delete([damaged], 30 * DAY, NOON) == []


def test_an_adopted_backups_retention_starts_at_its_adoption() -> None:
    newest, adopted = a_backup(2), replace(a_backup(1, days_old=300), adopted_at=NOON - 30 * DAY)
    assert to_delete([newest, adopted], 30 * DAY, NOON) == []
    assert to_delete([newest, adopted], 29 * DAY, NOON) == [adopted]


@given(st.lists(st.floats(0, 1000), max_size=20), st.floats(0.01, 1000))
def test_at_least_one_good_backup_is_kept_whatever_the_retention(ages: list[float], keep: float) -> None:
    good = [a_backup(number, days_old=age) for number, age in enumerate(ages)]
    gone = to_delete(good, timedelta(days=keep), NOON)

    assert len(gone) < max(len(good), 1)
    assert not good or max(good, key=lambda one: (one.started_at, one.id)) not in gone


def test_a_backups_age_counts_from_its_start_and_it_is_late_beyond_the_objective() -> None:
    standing = BackupStanding("orders", "postgresql://db/orders", DAY, last_good=a_backup(days_old=0.75))

    assert standing.age(NOON) == timedelta(hours=18)
    assert standing.left(NOON) == timedelta(hours=6)
    assert not standing.is_late(NOON + timedelta(hours=6))
    assert standing.is_late(NOON + timedelta(hours=6, seconds=1))


def test_without_a_good_backup_the_objective_is_missed() -> None:
    never = BackupStanding("orders", "postgresql://db/orders", DAY)

    assert (never.age(NOON), never.left(NOON)) == (None, None)
    assert never.is_late(NOON)


def test_databases_that_miss_their_objective_come_first() -> None:
    well = BackupStanding("well", "", DAY, last_good=a_backup())
    late = BackupStanding("late", "", DAY, last_good=a_backup(days_old=2))
    assert [one.name for one in worst_first([well, replace(well, name="well too"), late], NOON)] == [
        "late", "well", "well too",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-08-08T00:59:59", "2026-08-08T01:00:00"),  # 02:00 in London is 01:00 UTC in summer
        ("2026-08-08T01:00:00", "2026-08-09T01:00:00"),  # due at this instant: the next one is tomorrow's
        ("2026-08-08T23:30:00", "2026-08-09T01:00:00"),  # already the next day in London
        ("2026-01-08T12:00:00", "2026-01-09T02:00:00"),
        ("2026-10-24T12:00:00", "2026-10-25T02:00:00"),  # the clocks go back: two hours past midnight comes later
    ],
)
def test_the_next_run_is_at_its_hour_in_the_runbooks_time_zone(after: str, due: str) -> None:
    assert next_run(time(2), LONDON, datetime.fromisoformat(f"{after}+00:00")) == datetime.fromisoformat(f"{due}+00:00")


def test_a_time_the_clocks_skip_means_the_first_instant_after_the_gap() -> None:
    """On 29 March 2026 there is no 01:30 in London."""
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert next_run(time(1, 30), LONDON, saturday) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_time_that_occurs_twice_is_used_once() -> None:
    """On 25 October 2026 it is 01:30 in London twice."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_run(time(1, 30), LONDON, first - timedelta(hours=3)) == first
    assert next_run(time(1, 30), LONDON, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**3, "5.0 GiB"),
        (2**60, "1048576.0 TiB"),
    ],
)
def test_sizes_are_shown_in_a_fitting_unit(size: int, shown: str) -> None:
    assert size_shown(size) == shown


def test_a_runs_progress_is_estimated_from_the_last_good_backup() -> None:
    last = replace(a_backup(), size=1000, ended_at=a_backup().started_at + timedelta(minutes=10))
    running = replace(a_backup(2), state="running", ended_at=None)

    assert estimate(replace(running, size=250), last) == Estimate(25, timedelta(minutes=7, seconds=30))
    assert estimate(replace(running, size=999), last) == Estimate(99, timedelta(seconds=0.6))
    assert estimate(replace(running, size=1000), last) is None, "it is larger than expected: nobody knows"
    assert estimate(replace(running, size=0), last) is None
    assert estimate(running, None) is None
    assert estimate(running, replace(last, size=0)) is None


def test_the_first_table_whose_rows_differ_is_named() -> None:
    assert difference({"a": 1, "b": 2}, {"b": 2, "a": 1, "empty": 0}) == ""
    assert difference({"a": 1, "b": 2}, {"a": 1}) == "b has 0 rows in it, 2 were dumped"
    assert difference({"b": 2}, {"a": 1, "b": 3}) == "b has 3 rows in it, 2 were dumped"
    assert difference({"b": 2}, {"a": 1, "b": 2}) == "", "an extension may have rows of its own dumped"


def test_an_objective_counts_from_the_last_good_backup_or_else_from_when_backups_were_configured() -> None:
    assert misses_at(a_backup(days_old=1), NOON, DAY, UTC) == NOON
    assert misses_at(None, NOON, DAY, UTC) == NOON + DAY


@pytest.mark.parametrize(("night", "hours"), [("2026-10-24T01:00Z", 25), ("2026-03-28T02:00Z", 23)])
def test_an_objective_of_a_day_is_a_calendar_day_even_when_the_clocks_change(night: str, hours: int) -> None:
    taken = replace(a_backup(days_old=0), started_at=datetime.fromisoformat(night))
    london = ZoneInfo("Europe/London")

    assert misses_at(taken, NOON, DAY, london) == taken.started_at + timedelta(hours=hours)
    assert misses_at(taken, NOON, timedelta(hours=20), london) == taken.started_at + timedelta(hours=20)
    assert BackupStanding("orders", "orders", DAY, last_good=taken, zone=london).left(taken.started_at) == timedelta(
        hours=hours
    )


def test_the_weekly_report_is_due_on_monday_at_nine_local_time() -> None:
    """NOON is a Saturday; the clocks of London go back on 25 October."""
    monday = datetime(2026, 8, 10, 8, 0, tzinfo=UTC)
    assert next_report(LONDON, NOON) == monday
    assert next_report(LONDON, monday - timedelta(microseconds=1)) == monday
    assert next_report(LONDON, monday) == monday + 7 * DAY
    assert next_report(LONDON, datetime(2026, 10, 24, tzinfo=UTC)) == datetime(2026, 10, 26, 9, 0, tzinfo=UTC)
