"""How rules classify an alert, and when an alert pages by itself."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.alert import (
    PAGE_AFTER,
    STALE_AFTER,
    Alert,
    Group,
    GroupStanding,
    look_again_at,
    newly_told,
    page_at,
)
from bot.domain.alerts.received import IDENTITY_LENGTH, Level, ReceivedAlert, fingerprint_of, identity
from bot.domain.alerts.rules import gathered, judge, level_of
from bot.domain.incidents.incident import Incident

NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Often:
    count: int
    within: timedelta


@dataclass(frozen=True)
class Wish:
    """A rule of a runbook."""

    match: dict[str, str] = field(default_factory=dict)
    level: Level | None = None
    declare: str | None = None
    procedure: str | None = None
    at_least: Often | None = None


def received(title: str = "Disk full", severity: str | None = None, **labels: str) -> ReceivedAlert:
    return ReceivedAlert(title, True, "f", severity=severity, labels=labels)


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("critical", "critical"), ("Critical", "critical"), ("CRITICAL", "critical"), ("fatal", "critical"),
        ("P1", "critical"), ("p1", "critical"), ("HIGH", "critical"), ("down", "critical"), ("DOWN", "critical"),
        ("error", "high"), ("P2", "high"), ("warning", "medium"), ("P3", "medium"), ("info", "low"), ("P4", "low"),
        ("P5", "low"), ("LOW", "low"), (" error ", "high"),
        # Our own level names, in any spelling.
        ("high", "high"), ("medium", "medium"), ("low", "low"),
        ("purple", None), ("", None), (None, None), ("P6", None),
    ],
)  # fmt: skip
def test_senders_severity_words_map_to_levels(word: str | None, level: Level | None) -> None:
    assert level_of(word) == level


def test_an_alert_no_rule_matches_has_the_level_of_its_severity() -> None:
    verdict = judge([], "generic", received(severity="error"))
    assert (verdict.level, verdict.flagged, verdict.declares) == ("high", False, None)


@pytest.mark.parametrize("severity", [None, "purple"])
def test_without_a_rule_or_known_severity_the_level_is_a_flagged_guess(severity: str | None) -> None:
    verdict = judge([], "generic", received(severity=severity))
    assert (verdict.level, verdict.flagged) == ("medium", True)


def test_the_first_rule_that_matches_wins() -> None:
    rules = [Wish({"host": "web-*"}, "low"), Wish({"host": "db-*"}, "high"), Wish({}, "critical")]
    assert judge(rules, "generic", received(host="db-1")).level == "high"
    assert judge(rules, "generic", received()).level == "critical"


def test_a_rule_without_a_level_leaves_the_alerts_own() -> None:
    assert judge([Wish({}, declare="P1")], "generic", received(severity="error")).level == "high"


def test_a_level_that_is_already_known_is_not_overruled() -> None:
    assert judge([Wish({}, "low")], "heartbeat", replace(received(), level="high")).level == "high"


@pytest.mark.parametrize(
    ("match", "does"),
    [
        ({"alertname": "Disk*"}, True), ({"alertname": "disk*"}, False), ({"alertname": "Disk?ull"}, True),
        ({"alertname": "[CD]iskFull"}, True), ({"alertname": "DiskFull", "host": "db-1"}, True),
        ({"alertname": "DiskFull", "host": "db-2"}, False), ({"no-such-label": "*"}, False),
        ({"title": "Disk full"}, True), ({"source": "generic"}, True), ({"severity": "warn*"}, True),
        ({"owner": "*"}, True), ({}, True),
    ],
)  # fmt: skip
def test_a_rule_matches_when_every_pattern_finds_its_value(match: dict[str, str], does: bool) -> None:
    alert = received(severity="warning", alertname="DiskFull", host="db-1", owner="")
    assert judge([Wish(match, "low")], "generic", alert).level == ("low" if does else "medium")


def test_a_pattern_looks_at_labels_before_the_alerts_own_fields() -> None:
    rules = [Wish({"severity": "page"}, "critical")]
    assert judge(rules, "generic", received(severity="info", **{"severity_": ""})).level == "low"
    labelled = ReceivedAlert("x", True, "f", severity="info", labels={"severity": "page"})
    assert judge(rules, "generic", labelled).level == "critical"


def test_counting_rules_are_told_apart_by_what_they_match() -> None:
    often = Often(5, timedelta(hours=1))
    one, two = (judge([Wish(m, at_least=often)], "generic", received()) for m in ({}, {"title": "*"}))
    assert one.counted and two.counted and one.counted != two.counted


def test_an_alert_repeated_in_one_delivery_is_counted_each_time_and_its_last_state_holds() -> None:
    one, two = ReceivedAlert("old", True, "1"), ReceivedAlert("two", True, "2")
    told = gathered([], "generic", [one, two, replace(one, title="new")], NOW)
    assert [(each.alert.title, each.times) for each in told] == [("new", 2), ("two", 1)]
    [told_over] = gathered([], "generic", [one, replace(one, firing=False)], NOW)
    assert told_over.times == 0


@given(st.dictionaries(st.text(), st.text()))
def test_a_fingerprint_does_not_depend_on_the_order_of_labels(labels: dict[str, str]) -> None:
    turned = dict(reversed(labels.items()))
    assert fingerprint_of(labels) == fingerprint_of(turned)
    assert len(fingerprint_of(labels)) == 16


def test_other_labels_make_another_fingerprint() -> None:
    assert fingerprint_of({"a": "b"}) != fingerprint_of({"a": "c"})
    assert fingerprint_of({"a": "b"}) != fingerprint_of({"a": "b"}, "title")


def test_a_name_too_long_for_an_index_is_hashed() -> None:
    assert identity("x" * IDENTITY_LENGTH) == "x" * IDENTITY_LENGTH
    assert len(identity("x" * (IDENTITY_LENGTH + 1))) == 64
    assert identity("x" * 300) != identity("x" * 301)


def firing(level: Level = "critical", number: int = 1, **more: object) -> Alert:
    plain = Alert(
        number, 1, "generic", f"f{number}", f"Alert {number}", None, "", None, None, {"n": str(number), "job": "pg"},
        level, False, None, None, 1, NOW, NOW, NOW, None, None,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def group(**more: object) -> Group:
    plain = Group(1, "generic", "k", False, (), NOW, None, None, None, None, None, None, None, None)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_looking_at_a_critical_alert_again_does_not_postpone_its_page() -> None:
    first = page_at(GroupStanding(group(), [firing()]), NOW)
    assert first == NOW + PAGE_AFTER
    assert page_at(GroupStanding(group(page_at=first), [firing()]), NOW + timedelta(minutes=4)) == first


OPEN = Incident(7, "Down", "P1", "investigating", False, False, "ada", NOW)
ENDED = replace(OPEN, resolved_at=NOW)
LATER = NOW + timedelta(seconds=1)


def test_an_alert_that_is_acknowledged_or_in_an_incident_pages_nobody() -> None:
    assert page_at(GroupStanding(group(quiet=True), [firing()]), NOW) is None
    assert page_at(GroupStanding(group(acknowledged_at=NOW), [firing()]), NOW) is None
    assert page_at(GroupStanding(group(), [firing(risen_at=LATER)], OPEN), NOW) is None
    assert page_at(GroupStanding(group(), [firing()], ENDED), NOW) is None


def test_a_critical_alert_that_came_after_the_acknowledgement_pages() -> None:
    both = [firing(), firing(number=2, risen_at=LATER)]
    assert page_at(GroupStanding(group(acknowledged_at=NOW), both), LATER) == LATER + PAGE_AFTER
    assert page_at(GroupStanding(group(), both, ENDED), LATER) == LATER + PAGE_AFTER
    assert page_at(GroupStanding(group(acknowledged_at=LATER), both), LATER) is None


def test_a_later_alert_that_is_not_critical_pages_nobody() -> None:
    assert (
        page_at(GroupStanding(group(acknowledged_at=NOW), [firing(), firing("high", 2, risen_at=LATER)]), LATER) is None
    )


def test_only_a_firing_critical_alert_pages() -> None:
    assert page_at(GroupStanding(group(), [firing("high")]), NOW) is None
    assert page_at(GroupStanding(group(), [firing(resolved_at=NOW)]), NOW) is None


def test_a_silence_holds_a_page_back() -> None:
    until = NOW + timedelta(hours=1)
    assert page_at(GroupStanding(group(silenced_until=until), [firing()]), NOW) == until


def test_each_outlet_is_told_once_and_none_while_silenced_or_quiet() -> None:
    assert newly_told(GroupStanding(group(told=("slack",)), [firing()]), ["slack", "email"], NOW) == ["email"]
    silenced = group(silenced_until=NOW + timedelta(seconds=1))
    assert newly_told(GroupStanding(silenced, [firing()]), ["slack"], NOW) == []
    assert newly_told(GroupStanding(silenced, [firing()]), ["slack"], NOW + timedelta(seconds=1)) == ["slack"]
    assert newly_told(GroupStanding(group(quiet=True), [firing()]), ["slack"], NOW) == []


def test_the_most_severe_firing_alert_leads_its_group() -> None:
    standing = GroupStanding(group(), [firing("low", 1), firing("high", 2), firing("high", 3)])
    assert (standing.lead.id, standing.level) == (2, "high")
    assert standing.labels == {"job": "pg"}


def test_a_group_is_looked_at_again_at_its_earliest_deadline() -> None:
    soon, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    assert look_again_at(GroupStanding(group(), [firing()]), None, NOW) == NOW + STALE_AFTER
    assert look_again_at(GroupStanding(group(), [firing()]), None, NOW + STALE_AFTER) is None
    assert look_again_at(GroupStanding(group(silenced_until=later), [firing(expires_at=soon)]), None, NOW) == soon
    assert look_again_at(GroupStanding(group(), [firing(expires_at=soon, resolved_at=NOW)]), later, NOW) == later
