"""What Sentry sends: issue alert rules, issues, metric alerts, errors, and the legacy plugin."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, WrongShape, on_the_shelf

SENTRY = on_the_shelf()["sentry"]
SENT_AT = {"Sentry-Hook-Timestamp": "1786024800"}
NOON = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "issue_id": "7", "title": "TypeError: bad sum", "message": "", "level": "fatal", "culprit": "total in shop.cart",
    "project": 1, "url": "https://sentry.io/api/0/projects/example/shop/events/e487/", "received": 1786024620.5,
    "web_url": "https://sentry.io/organizations/example/issues/7/", "environment": None,
    "tags": [["environment", "production"], ["user", "email:ada@example.com"], ["release", "1.42.0"], ["odd"], None],
}  # fmt: skip
ISSUE: dict[str, Any] = {
    "id": "7", "shortId": "SHOP-7", "title": "TypeError: bad sum", "culprit": "total in shop.cart", "level": "error",
    "status": "unresolved", "substatus": "new", "project": {"id": "1", "slug": "shop"}, "count": "12", "userCount": 3,
    "permalink": "https://sentry.io/issues/7/",
}  # fmt: skip
METRIC: dict[str, Any] = {
    "action": "critical",
    "data": {
        "description_title": "Critical: Too many errors",
        "description_text": "1000 events in the last 10 minutes\\nFilter: level:error",
        "web_url": "https://sentry.io/organizations/example/alerts/1/",
        "metric_alert": {
            "id": "4", "identifier": "1", "organization_id": "2", "title": "Sacred Marmot", "projects": ["shop"],
            "date_started": "2026-08-06T13:55:00Z", "date_closed": None,
            "alert_rule": {"id": "7", "name": "Too many errors", "environment": None},
        },
    },
}  # fmt: skip
PLUGGED: dict[str, Any] = {
    "id": "7", "project": "shop", "project_name": "Shop", "project_slug": "shop", "logger": None, "level": "warning",
    "culprit": "total in shop.cart", "message": "bad sum", "url": "https://sentry.io/example/shop/issues/7/",
    "triggering_rules": ["Every new issue"], "event": {"title": "TypeError: bad sum", "tags": [["release", "1"]]},
}  # fmt: skip


def read(content: object, **headers: str) -> Reading:
    return SENTRY.parse(json.dumps(content).encode(), headers)


def alert_of(content: object, **headers: str) -> ReceivedAlert:
    [alert] = read(content, **headers).alerts
    return alert


def of_rule(**event: Any) -> dict[str, Any]:
    return {"action": "triggered", "data": {"event": EVENT | event, "triggered_rule": "Fatal"}}


def of_issue(action: str, **issue: Any) -> dict[str, Any]:
    return {"action": action, "data": {"issue": ISSUE | issue}}


def test_an_alert_rule_reports_an_issue() -> None:
    alert = alert_of(of_rule())
    assert (alert.title, alert.severity, alert.firing) == ("shop: TypeError: bad sum", "fatal", True)
    assert (alert.description, alert.url) == ("total in shop.cart", EVENT["web_url"])
    assert alert.labels == {"project": "shop", "rule": "Fatal", "environment": "production", "release": "1.42.0"}
    assert alert.starts_at == datetime(2026, 8, 6, 13, 57, 0, 500000, tzinfo=UTC)
    assert alert.is_test is False


def test_an_error_and_the_plugin_report_the_same_issue() -> None:
    of_error = {"action": "created", "data": {"error": EVENT | {"issue_id": 7}}}
    own = {alert_of(one).fingerprint for one in (of_rule(), of_error, PLUGGED, of_issue("created"))}
    assert len(own) == 1
    plugged = alert_of(PLUGGED)
    assert (plugged.title, plugged.severity, plugged.url) == ("shop: TypeError: bad sum", "warning", PLUGGED["url"])
    assert plugged.labels == {"project": "shop", "rule": "Every new issue", "release": "1"}


@pytest.mark.parametrize(
    ("action", "firing"),
    [("created", True), ("unresolved", True), ("resolved", False), ("archived", False), ("ignored", False)],
)
def test_an_issues_actions_fire_or_resolve_its_alert(action: str, firing: bool) -> None:
    alert = alert_of(of_issue(action), **SENT_AT)
    assert (alert.firing, alert.fingerprint) == (firing, alert_of(of_rule()).fingerprint)
    assert (alert.starts_at, alert.ends_at) == ((NOON, None) if firing else (None, NOON))
    assert alert.measured == {"events": "12", "users": "3"}
    assert alert.labels == {"project": "shop", "issue": "SHOP-7", "substatus": "new"}


@pytest.mark.parametrize(("status", "firing"), [("unresolved", True), ("resolved", False), ("ignored", False)])
def test_an_issue_alert_rule_follows_the_issues_status(status: str, firing: bool) -> None:
    assert alert_of(of_issue("triggered", status=status)).firing is firing


@pytest.mark.parametrize("action", ["assigned", "deleted", ""])
def test_other_actions_on_an_issue_are_no_alert(action: str) -> None:
    reading = read(of_issue(action))
    assert (list(reading.alerts), len(reading.odd)) == ([], 1)


def test_an_issue_that_has_merely_aged_into_ongoing_fires_nothing() -> None:
    sentry, person = {"id": "sentry", "type": "application"}, {"id": 1, "type": "user", "name": "Ada"}
    aged = of_issue("unresolved", substatus="ongoing")
    assert not read(aged | {"actor": sentry}).alerts
    for opened in (aged, aged | {"actor": person}, of_issue("unresolved", substatus="regressed") | {"actor": sentry}):
        assert alert_of(opened).firing


@pytest.mark.parametrize("resource", ["comment", "installation", "seer"])
def test_other_webhooks_are_no_alerts(resource: str) -> None:
    body = {"action": "created", "data": {resource: {}}, "installation": {"uuid": "a"}}
    reading = read(body, **{"Sentry-Hook-Resource": resource})
    assert (list(reading.alerts), len(reading.odd)) == ([], 1)


def test_a_metric_alert_is_critical_or_a_warning_and_resolves() -> None:
    alert = alert_of(METRIC)
    assert alert.title == "Too many errors: 1000 events in the last 10 minutes"
    assert alert.description == "1000 events in the last 10 minutes\nFilter: level:error"
    assert (alert.severity, alert.labels) == ("critical", {"rule": "Too many errors", "project": "shop"})
    end = alert_of(METRIC | {"action": "resolved"}, **SENT_AT)
    assert (end.firing, end.fingerprint, end.ends_at) == (False, alert.fingerprint, NOON)
    assert end.starts_at == alert.starts_at == datetime(2026, 8, 6, 13, 55, tzinfo=UTC)
    other = METRIC | {"data": METRIC["data"] | {"metric_alert": METRIC["data"]["metric_alert"] | {"id": "5"}}}
    assert alert_of(other).fingerprint != alert.fingerprint


def test_a_sample_is_a_test() -> None:
    assert alert_of(of_rule(tags=[["sample_event", "yes"]])).is_test
    assert not alert_of(of_rule(tags=[["sample_event", "no"]])).is_test


def test_tags_may_also_be_objects() -> None:
    tags = [{"key": "environment", "value": "staging"}, {"key": "release", "value": None}]
    assert alert_of(of_rule(tags=tags)).labels["environment"] == "staging"


def test_missing_or_odd_fields_do_not_refuse_an_event() -> None:
    bare = alert_of({"data": {"event": {"issue_id": 7}}})
    assert (bare.title, bare.severity, bare.starts_at) == ("An issue without a title", None, None)
    unsaid: list[object] = ["soon", True, {}, 1e300, -1, float("nan")]
    for received in unsaid:
        assert alert_of(of_rule(received=received)).starts_at is None
    assert alert_of(of_rule(received=None), **SENT_AT).starts_at == NOON


@pytest.mark.parametrize(
    "wrong",
    [
        [], "x", None, {}, {"data": []}, {"data": {}}, {"data": {"event": []}}, of_rule(issue_id=None),
        of_issue("created", id=None), {"data": {"metric_alert": {}}}, METRIC | {"action": "exploded"},
        PLUGGED | {"id": None}, {"data": {"comment": {}}},
    ],
)  # fmt: skip
def test_a_body_sentry_would_not_send_is_refused(wrong: object) -> None:
    with pytest.raises(WrongShape):
        read(wrong)


def test_the_signature_covers_only_the_body() -> None:
    assert SENTRY.is_signed is not None
    own = hmac.new(b"secret", b"{}", hashlib.sha256).hexdigest()
    assert SENTRY.is_signed(b"{}", {"Sentry-Hook-Signature": own}, "secret", NOON)
    for body, headers, secret in (
        (b"{ }", {"Sentry-Hook-Signature": own}, "secret"), (b"{}", {"Sentry-Hook-Signature": own}, "other"),
        (b"{}", {"Sentry-Hook-Signature": "é"}, "secret"), (b"{}", {}, "secret"),
    ):  # fmt: skip
        assert not SENTRY.is_signed(body, headers, secret, NOON)


def test_the_request_id_identifies_the_delivery() -> None:
    assert SENTRY.delivery is not None
    assert SENTRY.delivery(b"", {"Request-ID": "one"}) == "one"
    assert SENTRY.delivery(b"", {}) is None
