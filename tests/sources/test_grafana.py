"""What Grafana sends, with unified and legacy alerting, and how it signs."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alerts.received import Listing
from bot.sources import Reading, WrongShape, on_the_shelf

GRAFANA = on_the_shelf()["grafana"]
NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
HIGH_MEMORY = {
    "status": "firing",
    "labels": {"alertname": "High memory", "instance": "web-1", "severity": "warning"},
    "annotations": {"summary": "web-1 uses 91 % of its memory", "description": "For ten minutes."},
    "startsAt": "2026-08-06T15:51:00.157076+02:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "values": {"B": 91.23943737541908, "C": 1},
    "generatorURL": "https://grafana.example.com/alerting/grafana/abc/view",
    "fingerprint": "c6eadffa33fcdf37",
    "silenceURL": "https://grafana.example.com/alerting/silence/new",
    "dashboardURL": "https://grafana.example.com/d/shop",
    "panelURL": "",
    "imageURL": "https://images.example.com/4.png",
}
OLD: dict[str, Any] = {
    "dashboardId": 1, "evalMatches": [{"metric": "jobs", "value": 812, "tags": None}], "orgId": 1, "panelId": 2,
    "imageUrl": "https://images.example.com/2.png", "message": "Workers are stuck.", "ruleId": 7, "ruleName": "Queue",
    "ruleUrl": "https://grafana.example.com/d/queue?orgId=1", "state": "alerting", "tags": {"severity": "critical"},
    "title": "[Alerting] Queue",
}  # fmt: skip


def read(content: object) -> Reading:
    return GRAFANA.parse(json.dumps(content).encode(), {})


def notification(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = {"groupKey": "{}:{}", "truncatedAlerts": 0, "externalURL": "https://grafana.example.com/", "orgId": 1}
    return {"version": "1", "status": "firing", "title": "[FIRING:1] (web-1)", "alerts": list(alerts), **own, **more}


def test_an_alert_has_its_values_its_links_and_its_picture() -> None:
    [alert] = read(notification(HIGH_MEMORY)).alerts
    assert (alert.title, alert.severity) == ("High memory: web-1 uses 91 % of its memory", "warning")
    assert (alert.description, alert.image) == ("For ten minutes.", "https://images.example.com/4.png")
    assert alert.measured == {"B": "91.24", "C": "1"}
    assert alert.links == {
        "Dashboard": "https://grafana.example.com/d/shop",
        "Silence in Grafana": "https://grafana.example.com/alerting/silence/new",
    }
    assert alert.starts_at == datetime(2026, 8, 6, 13, 51, 0, 157076, tzinfo=UTC)
    assert (alert.firing, alert.is_test, alert.told_by) == (True, False, None)


def test_a_resolve_belongs_to_the_same_alert() -> None:
    over = HIGH_MEMORY | {"status": "resolved", "endsAt": "2026-08-06T16:02:00+02:00", "values": None}
    [alert], [end] = read(notification(HIGH_MEMORY)).alerts, read(notification(over)).alerts
    assert (end.fingerprint, end.group) == (alert.fingerprint, alert.group)
    assert (end.firing, end.ends_at) == (False, datetime(2026, 8, 6, 14, 2, tzinfo=UTC))


def test_a_group_is_sent_whole_except_for_truncated_alerts() -> None:
    for cut, hidden in ((0, 0), (3, 3)):
        reading = read(notification(HIGH_MEMORY, truncatedAlerts=cut))
        assert reading.listings == [Listing(reading.alerts[0].group or "", hidden)]


@pytest.mark.parametrize("other", [{"externalURL": "https://staging.example.com/"}, {"orgId": 2}])
def test_the_same_rule_in_another_grafana_or_organisation_is_another_alert(other: dict[str, Any]) -> None:
    [one], [another] = read(notification(HIGH_MEMORY)).alerts, read(notification(HIGH_MEMORY, **other)).alerts
    assert one.fingerprint != another.fingerprint
    assert one.group != another.group


@pytest.mark.parametrize(
    ("name", "title", "description"),
    [
        ("DatasourceNoData", "High memory: no data", ""),
        ("DatasourceError", "High memory: the rule could not be evaluated", "dial tcp: connection refused"),
    ],
)
def test_a_rule_without_data_says_so_instead_of_its_own_summary(name: str, title: str, description: str) -> None:
    labels = {"alertname": name, "rulename": "High memory", "datasource_uid": "abc", "__private__": "x"}
    notes = {**HIGH_MEMORY["annotations"], "Error": "dial tcp: connection refused"}  # type: ignore[dict-item]
    [alert] = read(notification(HIGH_MEMORY | {"labels": labels, "annotations": notes, "values": None})).alerts
    assert (alert.title, alert.description) == (title, description)
    assert "__private__" not in alert.labels


def test_the_test_button_makes_an_alert_marked_as_a_test() -> None:
    labels = {"alertname": "TestAlert", "instance": "Grafana"}
    reading = read(notification(HIGH_MEMORY | {"labels": labels, "annotations": {"summary": "Notification test"}}))
    assert [alert.is_test for alert in reading.alerts] == [True]
    assert reading.listings == []


@pytest.mark.parametrize(
    "broken", [{"values": [1]}, {"values": {"B": {}}}, {"imageURL": "attachment.png"}, {"panelURL": 7}]
)
def test_an_odd_extra_field_does_not_refuse_the_alert(broken: dict[str, Any]) -> None:
    [alert] = read(notification(HIGH_MEMORY | broken)).alerts
    assert alert.title.startswith("High memory")


def test_a_url_that_is_only_a_query_is_not_a_link() -> None:
    assert read(notification(HIGH_MEMORY | {"generatorURL": "?orgId=1"})).alerts[0].url is None


def test_legacy_alerting_has_one_alert_per_rule() -> None:
    [alert] = read(OLD).alerts
    assert (alert.title, alert.severity, alert.description) == ("Queue", "critical", "Workers are stuck.")
    assert (alert.url, alert.image) == (OLD["ruleUrl"], OLD["imageUrl"])
    assert (alert.measured, alert.firing, alert.is_test) == ({"jobs": "812"}, True, False)
    [end] = read(OLD | {"state": "ok", "evalMatches": None}).alerts
    assert (end.firing, end.fingerprint) == (False, alert.fingerprint)
    assert read(OLD | {"ruleId": 8}).alerts[0].fingerprint != alert.fingerprint
    [silent] = read(OLD | {"state": "no_data"}).alerts
    assert (silent.title, silent.firing, silent.fingerprint) == ("Queue: no data", True, alert.fingerprint)


@pytest.mark.parametrize("state", ["paused", "pending", "unknown", "", None])
def test_a_state_that_says_nothing_about_the_target_is_no_alert(state: str | None) -> None:
    reading = read(OLD | {"state": state})
    assert not reading.alerts
    assert reading.odd


def test_the_legacy_test_button_makes_a_test_too() -> None:
    assert read(OLD | {"ruleId": 0, "ruleName": "Test notification"}).alerts[0].is_test


@pytest.mark.parametrize("content", [{}, [], "text", None, {"message": "a template of one's own"}, {"alerts": {}}])
def test_a_body_of_the_wrong_shape_is_refused_naming_the_field(content: object) -> None:
    with pytest.raises(WrongShape):
        read(content)


def signature(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_signed(body: bytes, secret: str = "one", **headers: str) -> bool:
    assert GRAFANA.is_signed is not None
    return GRAFANA.is_signed(body, {name.replace("_", "-"): value for name, value in headers.items()}, secret, NOW)


def test_the_signature_covers_the_body() -> None:
    own = signature("one", b"{}")
    assert is_signed(b"{}", X_Grafana_Alerting_Signature=own)
    assert not is_signed(b"{ }", X_Grafana_Alerting_Signature=own)
    assert not is_signed(b"{}", "two", X_Grafana_Alerting_Signature=own)
    for wrong in ("", "ü" * 64, "\udcff", own[:-1]):
        assert not is_signed(b"{}", X_Grafana_Alerting_Signature=wrong)
    assert not is_signed(b"{}")


@pytest.mark.parametrize("header", ["X_Grafana_Alerting_Timestamp", "X_Grafana_Alerting_Signature_Timestamp"])
@pytest.mark.parametrize(("age", "taken"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_signature_with_a_timestamp_is_accepted_for_five_minutes(header: str, age: int, taken: bool) -> None:
    at = str(int((NOW - timedelta(seconds=age)).timestamp()))
    own = signature("one", at.encode() + b":{}")
    assert is_signed(b"{}", X_Grafana_Alerting_Signature=own, **{header: at}) is taken
    assert not is_signed(b"{}", X_Grafana_Alerting_Signature=own)
    assert not is_signed(b"{}", X_Grafana_Alerting_Signature=signature("one", b"{}"), **{header: at})


@pytest.mark.parametrize("at", ["", "soon", "1e9", "-1", "٣", "9" * 5000])
def test_an_invalid_timestamp_invalidates_the_signature(at: str) -> None:
    own = signature("one", at.encode() + b":{}")
    assert not is_signed(b"{}", X_Grafana_Alerting_Signature=own, X_Grafana_Alerting_Timestamp=at)
