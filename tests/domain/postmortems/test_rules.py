"""When a post-mortem is owed, and which things were left out in an incident."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.gaps import silences
from bot.domain.postmortems.rules import Rules, names, reasons
from bot.domain.postmortems.sections import merged

NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
INCIDENT = Incident(1, "Search is down", "P2", "resolved", False, False, "eve", NOW)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("rules", "kinds"),
    [
        (Rules(), []),
        (Rules(required=True), ["severity"]),
        (Rules(longer_than=HOUR), []),
        (Rules(longer_than=HOUR - timedelta(seconds=1)), ["length"]),
        (Rules(also_for=["search"]), ["word"]),
        (Rules(also_for=["payments"]), []),
        (Rules(resolve_promise_missed=HOUR / 2), ["promise"]),
        (Rules(objectives=[("Search down", HOUR / 2)]), ["objective"]),
        (Rules(objectives=[("Search down", HOUR)]), []),
        (Rules(objectives=[("Database failure", HOUR / 2)]), []),
        (Rules(losses=[("orders", HOUR, HOUR)]), []),
        (Rules(losses=[("orders", HOUR * 2, HOUR)]), ["loss"]),
        (Rules(required=True, also_for=["search"]), ["severity", "word"]),
    ],
)
def test_each_rule_requires_a_postmortem_at_its_limit_and_without_rules_none_is_owed(
    rules: Rules, kinds: list[str]
) -> None:
    assert [one.kind for one in reasons(INCIDENT, HOUR, rules)] == kinds
    assert reasons(replace(INCIDENT, drill=True), HOUR, rules) == []


@pytest.mark.parametrize(
    ("said", "word", "found"),
    [
        ("A payment failed", "payments", True),
        ("PAYMENTS", "payment", True),
        ("Repayment", "payment", False),
        ("Card payments", "card payments", True),
    ],
)
def test_a_word_is_found_in_singular_and_plural(said: str, word: str, found: bool) -> None:
    assert names(said, word) is found


def test_a_gap_in_updates_is_longer_than_what_was_promised() -> None:
    minutes: Any = lambda count: NOW + timedelta(minutes=count)  # noqa: E731
    found = silences([minutes(5), minutes(58)], NOW, minutes(60), timedelta(minutes=30))
    assert [(gap.since, gap.until) for gap in found] == [(minutes(5), minutes(58))]
    assert silences([], NOW, minutes(30), timedelta(minutes=30)) == []


def test_only_a_section_both_have_changed_is_a_conflict() -> None:
    base = {"summary": "a", "impact": "a"}
    one = merged(base, {"summary": "b", "impact": "a"}, {"summary": "a", "impact": "c"})
    assert one.sections["summary"] == "b" and one.sections["impact"] == "c" and not one.conflicts
    two = merged(base, {"summary": "b", "impact": "a"}, {"summary": "c", "impact": "a"})
    assert two.conflicts == ["summary"] and two.sections["summary"] == "c"
    assert merged(base, {"summary": "b", "impact": "a"}, {"summary": "b", "impact": "a"}).conflicts == []
