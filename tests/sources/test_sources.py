"""The contract every source fulfils, and what each makes of its system's bodies."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.received import Listing, ReceivedAlert
from bot.settings import Settings
from bot.sources import Reading, Unreadable, WrongShape, on_the_shelf
from bot.sources._shapes import (
    TEXT_LENGTH,
    TITLE_LENGTH,
    URL_LENGTH,
    web_address,
)

SHELF = on_the_shelf()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["alerts", "title", "status", "labels", "annotations", "fingerprint"]) | st.text(), inner
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([1], "the body: must be an object"),
        ({"title": ["x"], "status": "firing"}, "title: must be text"),
        ({"title": "x", "status": "on fire"}, "status: must be 'firing' or 'resolved'"),
        ({"alerts": 3}, "alerts: must be a list"),
    ],
)
def test_the_reason_for_a_wrong_shape_names_the_field_and_what_it_must_be(content: object, reason: str) -> None:
    with pytest.raises(WrongShape) as refused:
        SHELF["generic"].parse(json.dumps(content).encode(), {})
    assert str(refused.value) == reason


@pytest.mark.parametrize("name", SHELF)
@given(content=ANYTHING, junk=st.binary())
def test_any_body_is_accepted_or_refused_with_a_reason(name: str, content: Any, junk: bytes) -> None:
    for body in (json.dumps(content).encode(), junk):
        try:
            found = SHELF[name].parse(body, {})
        except (Unreadable, WrongShape) as refusal:
            assert str(refusal)
        else:
            assert all(isinstance(one, ReceivedAlert) and one.title and one.fingerprint for one in found.alerts)


def test_each_source_has_the_name_people_know_it_by() -> None:
    titles = {name: source.title for name, source in SHELF.items()}
    assert all(titles.values()) and len(set(titles.values())) == len(titles)


@pytest.mark.parametrize("name", SHELF)
def test_a_signing_source_names_an_existing_setting(name: str) -> None:
    source = SHELF[name]
    assert (source.is_signed is None) == (source.secret is None)
    assert source.secret is None or source.secret in Settings.model_fields


def read(name: str, content: object, **headers: str) -> Reading:
    return SHELF[name].parse(json.dumps(content).encode(), headers)


def parsed(name: str, content: object, **headers: str) -> Sequence[ReceivedAlert]:
    return read(name, content, **headers).alerts


INSTANCE_DOWN = {
    "version": "4",
    "groupKey": '{}:{alertname="InstanceDown"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "tocsin",
    "groupLabels": {"alertname": "InstanceDown"},
    "commonLabels": {"alertname": "InstanceDown", "job": "api", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example.com",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "InstanceDown", "instance": "10.0.0.7:9090", "severity": "critical"},
            "annotations": {
                "summary": "10.0.0.7:9090 cannot be scraped",
                "runbook_url": "https://runbooks.example.com/instance-down",
            },
            "startsAt": "2026-08-08T14:32:08.326990857Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.com/graph?g0.expr=up%3D%3D0",
            "fingerprint": "791cec13fcba0368",
        },
        {"status": "resolved", "labels": {"alertname": "InstanceDown", "instance": "10.0.0.8:9090"}},
    ],
}


def test_alertmanager_sends_each_alert_of_a_group() -> None:
    firing, resolved = parsed("alertmanager", INSTANCE_DOWN)
    assert firing == ReceivedAlert(
        title="InstanceDown: 10.0.0.7:9090 cannot be scraped",
        firing=True,
        fingerprint="791cec13fcba0368",
        severity="critical",
        url="http://prometheus.example.com/graph?g0.expr=up%3D%3D0",
        runbook_url="https://runbooks.example.com/instance-down",
        labels={"alertname": "InstanceDown", "instance": "10.0.0.7:9090", "severity": "critical"},
        group='{}:{alertname="InstanceDown"}',
        starts_at=datetime(2026, 8, 8, 14, 32, 8, 326990, tzinfo=UTC),
        told_by="http://alertmanager.example.com",
    )
    assert (resolved.firing, resolved.title, resolved.severity) == (False, "InstanceDown", None)
    assert len(resolved.fingerprint) == 16


def test_alertmanager_sends_a_whole_group_except_for_truncated_alerts() -> None:
    group = '{}:{alertname="InstanceDown"}'
    assert read("alertmanager", INSTANCE_DOWN).listings == [Listing(group)]
    for cut, hidden in ((3, 3), (-1, 0), (10**12, 2**31 - 1)):
        assert read("alertmanager", INSTANCE_DOWN | {"truncatedAlerts": cut}).listings == [Listing(group, hidden)]
    for name, unsaid in (("groupKey", None), ("truncatedAlerts", None), ("truncatedAlerts", "x"), ("alerts", [])):
        assert read("alertmanager", {**INSTANCE_DOWN, name: unsaid}).listings == []


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-08-08T16:32:08.5+02:00", datetime(2026, 8, 8, 14, 32, 8, 500000, tzinfo=UTC)),
        ("2026-08-08T14:32:08Z", datetime(2026, 8, 8, 14, 32, 8, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None), ("0001-01-01T00:00:00+14:00", None), ("9999-12-31T23:59:59-12:00", None),
        ("2026-08-08T14:32:08", None), ("yesterday", None), (None, None), (1786190400, None), ({}, None),
    ],
)  # fmt: skip
def test_only_a_complete_timestamp_bounds_an_episode(written: object, read_as: datetime | None) -> None:
    firing = {"status": "firing", "labels": {"alertname": "A"}, "startsAt": written, "endsAt": written}
    resolved = firing | {"status": "resolved"}
    one, other = parsed("alertmanager", {"alerts": [firing, resolved]})
    assert (one.starts_at, one.ends_at) == (read_as, None)
    assert (other.starts_at, other.ends_at) == (read_as, read_as)


@pytest.mark.parametrize("source", ["alertmanager", "generic"])
def test_a_label_that_is_not_text_is_dropped_alone(source: str) -> None:
    one = {"title": "A", "status": "firing", "labels": {"alertname": "A", "team": None, "hosts": ["a"], "shard": 7}}
    reading = read(source, {"alerts": [one, one | {"labels": {"alertname": "B"}}]})
    assert [alert.labels for alert in reading.alerts] == [{"alertname": "A", "shard": "7"}, {"alertname": "B"}]
    assert [odd.split()[0] for odd in reading.odd] == ["alerts.0.labels.team", "alerts.0.labels.hosts"]


def test_alertmanagers_nulls_refuse_nothing() -> None:
    nothing = dict.fromkeys(("annotations", "generatorURL", "fingerprint", "startsAt", "endsAt", "labels"))
    [alert] = parsed("alertmanager", {"alerts": [{"status": "firing", **nothing}]})
    assert (alert.title, alert.labels) == ("An alert without a name", {})


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u061c", "\ufeff", "\u2028", "\x1b", "\ud83d"])
def test_bidirectional_characters_in_an_alert_are_neutralised(sign: str) -> None:
    text = f"a{sign}b"
    one = {"title": text, "status": "firing", "description": text, "severity": text, "labels": {text: text}}
    [alert] = parsed("generic", one)
    assert (alert.title, alert.description, alert.labels) == ("a b", "a b", {"a b": "a b"})
    assert sign not in (alert.severity or "")


def test_the_generic_source_accepts_one_alert_or_a_list() -> None:
    one = {"title": "Disk full", "status": "firing", "fingerprint": "disk-1", "severity": "P2", "description": "91 %"}
    [alone] = parsed("generic", one)
    assert alone == ReceivedAlert("Disk full", True, "disk-1", severity="P2", description="91 %")
    assert parsed("generic", {"alerts": [one, one | {"status": "resolved"}]})[1].firing is False


def test_a_generic_alert_without_a_fingerprint_is_identified_by_title_and_labels() -> None:
    one = {"title": "Disk full", "status": "firing", "labels": {"host": "db-1", "disk": 3, "raid": True}}
    same = {"status": "resolved", "labels": {"raid": True, "disk": 3, "host": "db-1"}, "title": "Disk full"}
    first, second = (parsed("generic", content)[0] for content in (one, same))
    assert first.fingerprint == second.fingerprint
    assert first.labels == {"host": "db-1", "disk": "3", "raid": "true"}
    assert parsed("generic", one | {"title": "CPU hot"})[0].fingerprint != first.fingerprint


def test_long_texts_are_truncated() -> None:
    long = {"title": "t" * 5000, "status": "firing", "description": "d" * 5000, "fingerprint": "f" * 5000}
    [alert] = parsed("generic", long)
    assert (len(alert.title), len(alert.description), len(alert.fingerprint)) == (TITLE_LENGTH, TEXT_LENGTH, 64)
    [alert] = parsed("generic", {"title": "t" * TITLE_LENGTH, "status": "firing", "description": "d" * TEXT_LENGTH})
    assert (alert.title[-1], alert.description[-1]) == ("t", "d")


@pytest.mark.parametrize("address", ["https://example.com/a?b=c&d", "http://10.0.0.7:9090", "https://[::1]:80/x"])
def test_a_web_url_is_kept(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None, "", "example.com", "javascript:alert(1)", "ftp://example.com", "https://", "https://a|b", "https://a>b",
        "https://a b", "https://a\nb", "https://[x", "mailto:a@example.com", "data:text/html,x",
    ],
)  # fmt: skip
def test_a_value_that_is_not_a_web_url_is_dropped(address: str | None) -> None:
    assert web_address(address) is None


def test_a_url_too_long_for_a_button_is_dropped() -> None:
    stem = "https://example.com/"
    assert web_address(stem.ljust(URL_LENGTH, "x")) is not None
    assert web_address(stem.ljust(URL_LENGTH + 1, "x")) is None


@pytest.mark.parametrize(
    "odd",
    [
        {"labels": ["alertname", "A"]}, {"annotations": "A is bad"}, {"startsAt": "rubbish"}, {"endsAt": {}},
        {"fingerprint": ["a"]}, {"generatorURL": {"url": "x"}},
    ],
)  # fmt: skip
def test_odd_fields_are_dropped_and_the_alert_is_accepted(odd: dict[str, Any]) -> None:
    one = {"status": "firing", "labels": {"alertname": "A"}, "fingerprint": "a"}
    reading = read("alertmanager", INSTANCE_DOWN | {"alerts": [one | odd, one | {"fingerprint": "b"}]})
    assert [alert.firing for alert in reading.alerts] == [True, True]
    if "startsAt" not in odd:
        assert [said.split()[0] for said in reading.odd] == [f"alerts.0.{next(iter(odd))}"]


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {"labels": {"alertname": "A"}}, {"status": "burning"}])
@pytest.mark.parametrize("source", ["alertmanager", "generic"])
def test_an_invalid_alert_is_dropped_from_its_group_and_counted_as_not_shown(source: str, wrong: object) -> None:
    one = {"title": "A", "status": "firing", "labels": {"alertname": "A"}}
    reading = read(source, INSTANCE_DOWN | {"alerts": [wrong, one]})
    assert [alert.title for alert in reading.alerts] == ["A"]
    assert [said.startswith("alerts.0") and "left out" in said for said in reading.odd] == [True]
    assert [listing.hidden for listing in reading.listings] == ([1] if source == "alertmanager" else [])
    with pytest.raises(WrongShape):
        read(source, INSTANCE_DOWN | {"alerts": [wrong]})
