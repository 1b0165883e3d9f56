"""Datadog: the body docs/alerts/datadog.md gives, and other bodies."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of
from bot.sources import Reading, WrongShape
from bot.sources.datadog import FIELDS, delivery, parse
from tests.at_hand import ROOT

TRIGGERED: dict[str, str] = json.loads((ROOT / "bot/sandbox/samples/datadog.json").read_text())
RECOVERED = TRIGGERED | {
    "alert_transition": "Recovered", "alert_title": "[Recovered on {host:web-1}] Disk almost full", "id": "58371649",
    "date": "1786019588000", "alert_type": "success",
}  # fmt: skip


def read(content: object) -> Reading:
    return parse(json.dumps(content).encode(), {})


def the_alert(content: object) -> ReceivedAlert:
    [alert] = read(content).alerts
    return alert


def test_a_monitor_that_triggers_is_an_alert_until_it_recovers() -> None:
    assert the_alert(TRIGGERED) == ReceivedAlert(
        title="Disk almost full (host:web-1)",
        firing=True,
        fingerprint=fingerprint_of({"monitor": "1234", "scope": "host:web-1"}),
        severity="P2",
        description="system.disk.in_use over host:web-1 was > 0.9 on average during the last 5m",
        url="https://app.datadoghq.com/event/event?id=5837164972901234567",
        labels={"env": "prod", "host": "web-1", "scope": "host:web-1"},
        group="1234",
        starts_at=datetime(2026, 8, 6, 12, 32, 8, tzinfo=UTC),
    )
    over = the_alert(RECOVERED)
    assert (over.firing, over.fingerprint, over.starts_at) == (False, the_alert(TRIGGERED).fingerprint, None)
    assert over.ends_at == datetime(2026, 8, 6, 12, 33, 8, tzinfo=UTC)


@pytest.mark.parametrize("transition", ["Re-Triggered", "Renotify", "Re-Warn", "triggered", "No Data", "Re-No Data"])
def test_a_renotification_is_the_same_alert(transition: str) -> None:
    alert = the_alert(TRIGGERED | {"alert_transition": transition})
    assert (alert.firing, alert.fingerprint) == (True, the_alert(TRIGGERED).fingerprint)
    assert alert.title == "Disk almost full (host:web-1)" + (": no data" if "No Data" in transition else "")


@pytest.mark.parametrize(
    ("name", "scope", "title"),
    [
        ("Disk full on web-1", "host:web-1,env:prod", "Disk full on web-1"), ("Disk full", "*", "Disk full"),
        ("Disk full", "", "Disk full"), ("Disk full", "env:prod,host:web-1", "Disk full (env:prod,host:web-1)"),
    ],
)  # fmt: skip
def test_a_title_says_where_unless_it_already_does(name: str, scope: str, title: str) -> None:
    assert the_alert(TRIGGERED | {"alert_title": name, "alert_scope": scope}).title == title


def test_hosts_of_one_monitor_are_alerts_on_one_card() -> None:
    one, other = the_alert(TRIGGERED), the_alert(TRIGGERED | {"alert_scope": "host:web-2"})
    assert one.group == other.group and one.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        ({"alert_transition": "Warn", "alert_priority": "P1"}, "warning"),
        ({"alert_transition": "Warn", "alert_priority": "P5"}, "P5"),
        ({"alert_priority": ""}, "error"), ({"alert_priority": "$ALERT_PRIORITY"}, "error"),
        ({"alert_priority": "normal", "tags": "env:prod, severity:critical"}, "critical"),
        ({"alert_priority": "", "alert_type": ""}, None), ({"alert_priority": "", "alert_type": "user_update"}, None),
    ],
)  # fmt: skip
def test_without_a_priority_a_tag_or_the_alert_type_gives_the_severity(
    changed: dict[str, str], severity: str | None
) -> None:
    assert the_alert(TRIGGERED | changed).severity == severity


def test_datadogs_default_body_is_parsed_by_its_title() -> None:
    proposed = {
        "body": "%%%\nIt is full\n%%%", "last_updated": "1786019528000", "event_type": "query_alert_monitor",
        "title": "[Triggered on {host:web-1}] [team web] Disk almost full", "date": "1786019528000",
        "org": {"id": "1", "name": "Example"}, "id": "7",
    }  # fmt: skip
    fired = the_alert(proposed)
    title = "[team web] Disk almost full (host:web-1)"
    assert (fired.title, fired.description, fired.firing) == (title, "It is full", True)
    over = the_alert(proposed | {"title": "[Recovered on {host:web-1}] [team web] Disk almost full"})
    assert (over.firing, over.fingerprint) == (False, fired.fingerprint)
    elsewhere = the_alert(proposed | {"title": "[Triggered on {host:web-2}] [team web] Disk almost full"})
    assert elsewhere.fingerprint != fired.fingerprint, "the end of one is not that of the other"


def test_unreplaced_variables_are_pointed_out() -> None:
    body = {name: f"${name.upper()}" for name in FIELDS}
    with pytest.raises(WrongShape, match=r"Datadog sent its placeholders unreplaced: `\$ALERT_ID`, `\$AGGREG_KEY`"):
        read(body)
    few = the_alert(TRIGGERED | {"snapshot": "$SNAPSHOT", "alert_scope": "$ALERT_SCOPE", "text": "$TAGS[env]"})
    assert (few.image, few.description) == (None, "")


def test_a_test_pages_nobody() -> None:
    assert the_alert(TRIGGERED | {"alert_title": "[TEST] [Triggered on {host:a}] Disk"}).is_test
    assert not the_alert(TRIGGERED | {"alert_title": "[testing] Disk"}).is_test


def test_a_delivery_is_identified_by_its_event() -> None:
    def known_as(content: object) -> str | None:
        return delivery(json.dumps(content).encode(), {})

    assert known_as(TRIGGERED) == known_as(TRIGGERED | {"text": "x"}) != known_as(RECOVERED | {"id": TRIGGERED["id"]})
    assert known_as(TRIGGERED | {"id": "$ID"}) is None and known_as([]) is None


def test_a_form_and_json_broken_by_its_text_are_parsed_too() -> None:
    assert parse(urlencode(TRIGGERED).encode(), {}).alerts == [the_alert(TRIGGERED)]
    broken = json.dumps(TRIGGERED).replace(r"%%%\nsystem", '%%%\n"system" ')
    [alert] = parse(broken.encode(), {}).alerts
    assert alert.title == "Disk almost full (host:web-1)" and alert.description.startswith('"system"')


@pytest.mark.parametrize("missing", ["alert_transition", "alert_title"])
def test_a_body_that_is_not_a_monitors_is_reported_as_such(missing: str) -> None:
    body = TRIGGERED | {"alert_title": "Deploy failed"} | {missing: ""}
    with pytest.raises(WrongShape, match=missing):
        read(body)
    muted = read(TRIGGERED | {"alert_transition": "Muted"})
    assert not muted.alerts and "muted" in muted.odd[0]


def test_every_field_of_the_documented_body_is_used() -> None:
    page = (ROOT / "docs/alerts/datadog.md").read_text()
    [body] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert set(json.loads(body)) <= set(FIELDS)
