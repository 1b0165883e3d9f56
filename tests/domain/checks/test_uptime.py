"""A check's uptime over a period, and whether it met its target."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.checks.check import State
from bot.domain.checks.uptime import SPANS, IllTime, Sample, Uptime, ill_times, share_shown


def been(available: float = 100.0, p95_ms: float | None = 90) -> Uptime:
    pace = None if p95_ms is None else timedelta(milliseconds=p95_ms)
    return Uptime(SPANS[0], available, pace, pace, pace)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(100, "100%"), (99.9999, "99.99%"), (99.9, "99.9%"), (99.995, "99.99%"), (0, "0%"), (66.6667, "66.66%")],
)
def test_a_percentage_is_truncated_and_never_rounded_up(share: float, shown: str) -> None:
    assert share_shown(share) == shown


def test_a_target_is_missed_only_below_it() -> None:
    assert not been(99.9).misses(99.9)
    assert been(99.89).misses(99.9)
    assert not been(99.89).misses(None)


def test_answers_are_slow_when_more_than_one_in_twenty_is_slow() -> None:
    assert not been(p95_ms=500).is_slow(timedelta(milliseconds=500))
    assert been(p95_ms=501).is_slow(timedelta(milliseconds=500))
    assert not been(p95_ms=None).is_slow(timedelta(milliseconds=500))


def test_an_unknown_latency_is_left_blank() -> None:
    assert been(p95_ms=None).paces == ""
    assert [Uptime(span, 100).span_shown for span in SPANS] == ["24 h", "7 d", "30 d"]


NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def looks(states: str) -> list[Sample]:
    """One probe a minute: h (healthy), g (degraded), d (down)."""
    letters: dict[str, State] = {"h": "healthy", "g": "degraded", "d": "down"}
    return [Sample(NOON + n * MINUTE, letters[letter], MINUTE, None) for n, letter in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "ill"),
    [
        ("hhh", []),
        ("hdh", [("down", 1, 2)]),
        ("hddh", [("down", 1, 3)]),
        ("hdgh", [("down", 1, 2), ("degraded", 2, 3)]),
        ("hdhd", [("down", 1, 2), ("down", 3, 5)]),
        ("d", [("down", 0, 2)]),
    ],
)
def test_a_check_stays_ill_until_a_probe_finds_otherwise(states: str, ill: list[tuple[State, int, int]]) -> None:
    found = ill_times(looks(states), longest=2 * MINUTE, now=NOON + 60 * MINUTE)

    assert found == [IllTime(state, NOON + begin * MINUTE, NOON + end * MINUTE) for state, begin, end in ill]
