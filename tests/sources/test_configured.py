"""Sources defined in the runbook."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.received import ReceivedAlert
from bot.runbook.alert_sources import AlertSource
from bot.sources import Reading, Unreadable, WrongShape, every_source

KUMA = AlertSource.model_validate(
    {
        "key": "kuma",
        "title": "monitor.name",
        "fingerprint": "monitor.id",
        "status": {"path": "heartbeat.status", "firing": [0], "resolved": [1]},
        "description": "msg",
        "url": "monitor.url",
        "severity": {"path": "monitor.tags.0.name", "map": {"prod": "critical"}},
        "labels": {"host": "monitor.host", "nowhere": "a.b.7"},
    }
)
BODY: dict[str, Any] = {
    "heartbeat": {"status": 0},
    "monitor": {
        "id": 3,
        "name": "Shop",
        "url": "https://example.com",
        "tags": [{"name": "prod"}],
        "host": "web-1",
    },
    "msg": "timed out",
}


def read(content: object) -> Reading:
    return every_source({"kuma": KUMA})["kuma"].parse(json.dumps(content).encode(), {})


def test_each_field_is_found_where_the_runbook_says() -> None:
    (alert,) = read(BODY).alerts
    assert alert == ReceivedAlert(
        title="Shop", firing=True, fingerprint="3", severity="critical", description="timed out",
        url="https://example.com", labels={"host": "web-1"},
    )  # fmt: skip


def test_a_value_listed_as_resolved_resolves_and_any_unlisted_one_is_ignored() -> None:
    (over,) = read({**BODY, "heartbeat": {"status": 1}}).alerts
    assert not over.firing
    pending = read({**BODY, "heartbeat": {"status": 2}})
    assert not pending.alerts and "heartbeat.status is 2" in pending.odd[0]


@pytest.mark.parametrize("missing", ["heartbeat", "monitor"])
def test_a_missing_status_or_title_is_named(missing: str) -> None:
    with pytest.raises(WrongShape, match=missing):
        read({name: value for name, value in BODY.items() if name != missing})


def test_other_missing_fields_are_left_out() -> None:
    (alert,) = read({"heartbeat": {"status": 0}, "monitor": {"name": "Shop"}}).alerts
    assert (alert.title, alert.severity, alert.url, alert.labels) == ("Shop", None, None, {})
    assert alert.fingerprint


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda i: st.lists(i) | st.dictionaries(
    st.sampled_from(["monitor", "heartbeat", "status", "name", "tags", "0"]), i)))  # fmt: skip
def test_any_json_is_accepted_or_refused_with_a_reason(content: object) -> None:
    try:
        read(content)
    except (Unreadable, WrongShape) as refusal:
        assert str(refusal)
