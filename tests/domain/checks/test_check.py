"""When a check counts as ill, and when as well again."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.received import Level
from bot.domain.checks.check import (
    STEADIER,
    Belief,
    CheckStanding,
    Latest,
    ProbeResult,
    State,
    believe,
    level_of,
    paced,
    uncrowded,
    worst_first,
)

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
LETTERS: dict[str, State] = {"h": "healthy", "g": "degraded", "d": "down"}


def after(looks: str, in_a_row: int = 2, believed: State = "healthy") -> State:
    """The belief after these probes: h (healthy), g (degraded), d (down)."""
    return reduce(lambda belief, look: believe(belief, LETTERS[look], in_a_row), looks, Belief(believed)).state


@pytest.mark.parametrize(
    ("looks", "believed"),
    [
        ("", "healthy"),
        ("d", "healthy"),
        ("dd", "down"),
        ("dh", "healthy"),
        ("dhd", "healthy"),
        ("dhdd", "down"),
        ("ddh", "down"),
        ("ddhh", "healthy"),
        ("ddhdhdh", "down"),
        ("gg", "degraded"),
        ("gd", "degraded"),
        ("dg", "degraded"),
        ("gdd", "down"),
        ("ddg", "down"),
        ("ddgg", "degraded"),
        ("ddgh", "degraded"),
        ("ddghh", "healthy"),
    ],
)
def test_a_check_changes_state_after_two_equal_probes_in_a_row_and_not_after_one(looks: str, believed: State) -> None:
    assert after(looks) == believed


def test_recovery_takes_as_many_good_probes_as_failure_takes_bad_ones() -> None:
    assert after("dd", in_a_row=3) == "healthy"
    assert after("ddd", in_a_row=3) == "down"
    assert after("dddhh", in_a_row=3) == "down"
    assert after("dddhhh", in_a_row=3) == "healthy"


def test_one_probe_is_enough_where_the_runbook_says_so() -> None:
    assert after("d", in_a_row=1) == "down"
    assert after("dh", in_a_row=1) == "healthy"


def test_when_the_runbook_asks_for_fewer_probes_the_older_ones_are_forgotten() -> None:
    patient = reduce(lambda belief, look: believe(belief, LETTERS[look], 4), "hdd", Belief())
    assert patient.state == "healthy"
    assert believe(patient, "healthy", 2).state == "healthy"
    assert believe(patient, "down", 2).state == "down"


@given(st.text("hgd", max_size=30), st.integers(1, 5))
def test_a_belief_was_really_probed_often_enough_in_a_row(looks: str, in_a_row: int) -> None:
    """Never worse than the worst, nor better than the best, of the probes that decide it."""
    believed = after(looks, in_a_row)
    if believed == "down":
        assert "d" * in_a_row in looks
    if believed == "healthy" and looks.endswith("d" * in_a_row):
        raise AssertionError("all of the last looks were bad")
    if looks.endswith("h" * in_a_row * STEADIER):
        assert believed == "healthy"


def test_a_check_that_is_ill_for_the_third_time_within_twenty_probes_is_flapping() -> None:
    def is_flapping(looks: str) -> bool:
        return reduce(lambda belief, look: believe(belief, LETTERS[look], 2), looks, Belief()).is_flapping

    assert not is_flapping("hddhhddhh")
    assert is_flapping("hddhhddhhd")
    assert is_flapping("hgdhhgghhg")
    assert not is_flapping("hddhhdd" + "h" * 13 + "d")


def test_a_check_that_fails_every_other_probe_is_not_well() -> None:
    def believed(looks: str, level: Level) -> State:
        return reduce(lambda belief, look: believe(belief, LETTERS[look], 2, level=level), looks, Belief()).state

    levels: tuple[Level, ...] = ("critical", "high")
    for level in levels:
        assert believed("hdhd", level) == "healthy"
        assert believed("hdhdhd", level) == "degraded"
        assert believed("hdhdhd" + "h" * 5, level) == "degraded"
        assert believed("hdhdhd" + "h" * 6, level) == "healthy"
    assert believed("hd" * 20, "medium") == "healthy"


def test_a_flapping_check_needs_three_times_as_many_good_probes_to_recover() -> None:
    flapping = "hddhhddhhdd"
    assert after(flapping + "h" * 5) == "down"
    assert after(flapping + "h" * 6) == "healthy"


def a_finding(state: State = "healthy", **latency: float) -> ProbeResult:
    return ProbeResult(state, "200", timedelta(**latency), "" if state == "healthy" else "HTTP 503, expected 200")


def test_an_answer_is_late_only_beyond_the_limit() -> None:
    limit = timedelta(milliseconds=500)

    assert paced(a_finding(milliseconds=500), limit).state == "healthy"
    late = paced(a_finding(milliseconds=501), limit)
    assert (late.state, late.reason) == ("degraded", "took 501 ms, slow above 500 ms")
    assert paced(a_finding(hours=1), None).state == "healthy"


def test_an_answer_both_wrong_and_late_keeps_both_reasons_and_counts_as_down() -> None:
    late = paced(a_finding("down", seconds=2.5), timedelta(seconds=2))
    assert (late.state, late.reason) == ("down", "HTTP 503, expected 200; took 2.5 s, slow above 2 s")


def test_connections_are_too_many_at_the_limit_and_above() -> None:
    assert uncrowded(a_finding(), 79, 100, 80.0).state == "healthy"
    crowded = uncrowded(a_finding(), 80, 100, 80.0)
    assert (crowded.state, crowded.reason) == ("degraded", "80% in use, wanted below 80%")
    assert uncrowded(a_finding(), 100, 100, None).state == "healthy"
    assert uncrowded(a_finding(), 0, 0, 80.0).state == "degraded"


def test_a_degraded_check_is_medium_whatever_its_level() -> None:
    assert level_of(Belief("degraded"), "critical") == "medium"
    assert level_of(Belief("down"), "critical") == "critical"
    assert level_of(Belief("degraded", ("healthy", "down") * 5), "critical") == "critical"
    assert level_of(Belief("degraded", ("healthy", "degraded") * 5), "critical") == "medium"


def a_standing(name: str, state: State | None) -> CheckStanding:
    latest = Latest(state, NOON, NOON, "", "", timedelta(0)) if state else None
    return CheckStanding(name, "http", "200", latest)


def test_the_worst_checks_come_first_and_unknown_before_well() -> None:
    standings = [
        a_standing("well", "healthy"),
        a_standing("new", None),
        a_standing("slow", "degraded"),
        a_standing("gone", "down"),
        a_standing("well too", "healthy"),
    ]
    assert [standing.name for standing in worst_first(standings)] == [
        "gone", "slow", "new", "well", "well too",
    ]  # fmt: skip
