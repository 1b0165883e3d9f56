"""Azure Monitor: its common schema, and older schemas, which are reported as such."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, WrongShape
from bot.sources.azure import delivery, parse
from tests.at_hand import ROOT

FIRED: dict[str, Any] = json.loads((ROOT / "bot/sandbox/samples/azure.json").read_text())
OVER = {"monitorCondition": "Resolved", "resolvedDateTime": "2026-08-06T12:33:08.1234567Z"}


def changed(**essentials: Any) -> dict[str, Any]:
    data = FIRED["data"]
    return FIRED | {"data": data | {"essentials": data["essentials"] | essentials}}


def read(content: object) -> Reading:
    return parse(json.dumps(content).encode(), {})


def the_alert(content: object) -> ReceivedAlert:
    [alert] = read(content).alerts
    return alert


def test_a_rule_that_fires_is_an_alert_until_it_is_resolved() -> None:
    fired, over = the_alert(FIRED), the_alert(changed(**OVER))
    assert (fired.title, fired.firing, fired.severity) == ("CPU high: web-1", True, "warning")
    assert fired.description == "The processors of a web server are busy"
    assert fired.labels == {
        "team": "web", "rule": "CPU high", "sev": "Sev2", "signal": "Metric", "service": "Platform",
        "resource": "web-1", "resource_group": "shop", "subscription": "22222222-3333-4444-8555-666666666666",
    }  # fmt: skip
    assert fired.measured == {"Percentage CPU": "97.5"}
    assert fired.starts_at == over.starts_at == datetime(2026, 8, 6, 12, 32, 8, 371321, tzinfo=UTC)
    assert (over.firing, over.fingerprint) == (False, fired.fingerprint)
    assert over.ends_at == datetime(2026, 8, 6, 12, 33, 8, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sev", "severity"),
    [("Sev0", "critical"), ("Sev1", "error"), ("Sev3", "info"), ("sev4", "info"), ("Sev9", "Sev9"), ("", None)],
)
def test_azures_severities_are_translated_to_words(sev: str, severity: str | None) -> None:
    assert the_alert(changed(severity=sev)).severity == severity


def test_an_alert_that_fires_again_under_another_id_is_the_same() -> None:
    """As a stateless rule does."""
    assert the_alert(changed(alertId="/subscriptions/x/alerts/other")).fingerprint == the_alert(FIRED).fingerprint
    shouted = [FIRED["data"]["essentials"]["alertTargetIDs"][0].upper()]
    assert the_alert(changed(alertTargetIDs=shouted)).fingerprint == the_alert(FIRED).fingerprint
    assert the_alert(changed(alertRule="Other")).fingerprint != the_alert(FIRED).fingerprint


def test_each_dimension_is_an_alert_on_the_same_card() -> None:
    other = json.loads(json.dumps(FIRED).replace("37f6a9a3", "other"))
    assert the_alert(other).fingerprint != the_alert(FIRED).fingerprint
    assert the_alert(other).group == the_alert(FIRED).group


def test_targets_are_read_in_both_spellings() -> None:
    essentials = dict(FIRED["data"]["essentials"])
    essentials["alertTargetIds"] = [*essentials.pop("alertTargetIDs"), "/subscriptions/2/virtualmachines/web-2"]
    essentials["configurationItems"] = None
    assert the_alert({"data": {"essentials": essentials}}).title == "CPU high: web-1 and 1 more"


@pytest.mark.parametrize(
    ("older", "word"),
    [
        ({"schemaId": "AzureMonitorMetricAlert", "data": {"status": "Activated", "context": {}}}, "AzureMonitorMetric"),
        ({"schemaId": "Microsoft.Insights/activityLogs", "data": {"context": {}}}, "Microsoft.Insights/activityLogs"),
        ({"SchemaId": "AIP Budget Notification", "data": {}}, "AIP Budget"),
        ({"status": "Activated", "context": {}}, ""),
        ({"properties": {"essentials": {}}}, ""), ([], ""), ({"data": []}, ""), ({"data": {"essentials": 7}}, ""),
    ],
)  # fmt: skip
def test_an_older_schema_is_reported_with_what_to_switch_on(older: object, word: str) -> None:
    with pytest.raises(WrongShape, match="common alert schema") as refusal:
        read(older)
    assert word in str(refusal.value) and "switch on" in str(refusal.value)


def test_a_delivery_is_identified_by_its_alert_condition_and_time() -> None:
    def known_as(content: object) -> str | None:
        return delivery(json.dumps(content).encode(), {})

    assert known_as(FIRED) == known_as(changed(description="x")) != known_as(changed(**OVER))
    assert known_as(changed(alertId="")) is None and known_as(7) is None


def test_a_service_health_event_resolves_by_its_stage() -> None:
    """They are always Fired, each with a new id, about a whole subscription."""

    def news(stage: str, about: str = "ABC-123") -> ReceivedAlert:
        own = {
            "monitoringService": "ServiceHealth",
            "configurationItems": None,
            "alertTargetIDs": ["/subscriptions/2222"],
        }
        content = changed(**own, alertId=f"/subscriptions/2222/alerts/{stage}")
        properties = {"title": "Storage is slow in one region", "trackingId": about, "stage": stage}
        return the_alert(content | {"data": content["data"] | {"alertContext": {"properties": properties}}})

    active, over = news("Active"), news("Resolved")
    assert (active.title, active.firing) == ("CPU high: Storage is slow in one region", True)
    assert (over.firing, over.fingerprint, over.ends_at) == (False, active.fingerprint, active.starts_at)
    assert news("Active", "XYZ-9").fingerprint != active.fingerprint
    assert the_alert(changed(configurationItems=[], alertTargetIDs=["/subscriptions/2222"])).title == "CPU high"


def test_an_action_groups_test_pages_nobody() -> None:
    tested = json.loads(
        json.dumps(FIRED).replace("22222222-3333-4444-8555-666666666666", "1" * 8 + "-1111-1111-1111-" + "1" * 12)
    )
    assert the_alert(tested).is_test
    assert the_alert(changed(alertRule="test-ServiceHealthAlertRule")).is_test
    assert not the_alert(changed(alertRule="test-CPU high")).is_test


@pytest.mark.parametrize("condition", ["", None])
def test_a_missing_condition_is_named(condition: object) -> None:
    with pytest.raises(WrongShape, match="monitorCondition"):
        read(changed(monitorCondition=condition))
    assert not read(changed(monitorCondition="Acknowledged")).alerts


def test_a_querys_results_are_a_link() -> None:
    one = {"metricMeasureColumn": "Errors", "metricValue": 12, "linkToSearchResultsUI": "https://portal.azure.com/#x"}
    content = json.loads(json.dumps(FIRED))
    content["data"]["alertContext"] = {"condition": {"allOf": [one]}}
    alert = the_alert(content)
    assert (alert.links, alert.measured) == ({"Query results": "https://portal.azure.com/#x"}, {"Errors": "12"})


def test_odd_or_missing_fields_are_left_out() -> None:
    names = ("alertRule", "severity", "alertTargetIDs", "configurationItems", "firedDateTime", "description", "alertId")
    bare = FIRED | {"data": {"essentials": dict.fromkeys(names) | {"monitorCondition": "Fired"}}}
    alert = the_alert(bare)
    assert (alert.title, alert.severity, alert.labels, alert.starts_at) == ("An alert without a rule", None, {}, None)
    assert alert.fingerprint
