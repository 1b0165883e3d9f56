"""Events as PagerDuty's senders write them, in both versions, and the answers they get."""

import json
from typing import Any

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, WrongShape, on_the_shelf

PAGERDUTY = on_the_shelf()["pagerduty"]
EVENT: dict[str, Any] = {
    "routing_key": "key-1",
    "event_action": "trigger",
    "dedup_key": "disk-db-1",
    "payload": {
        "summary": "Disk almost full on db-1",
        "source": "db-1",
        "severity": "error",
        "timestamp": "2026-08-06T13:58:00.000+0000",
        "component": "disk",
        "class": "capacity",
        "custom_details": {"used": "91 %", "free_gb": 9.5, "log": "one\ntwo", "disks": ["a"], "raid": True},
    },
    "links": [{"href": "https://charts.example.com/disk", "text": "Chart"}, {"href": "https://example.com/wiki"}],
    "images": [{"src": "data:image/png;base64,AAAA"}, {"src": "https://images.example.com/disk.png"}],
    "client": "Backup",
    "client_url": "https://backup.example.com",
}
OLD_EVENT: dict[str, Any] = {
    "service_key": "key-1",
    "event_type": "trigger",
    "incident_key": "disk-db-1",
    "description": "Disk almost full on db-1",
    "details": {"used": "91 %"},
    "client": "Backup",
    "client_url": "https://backup.example.com",
    "contexts": [
        {"type": "link", "href": "https://charts.example.com/disk", "text": "Chart"},
        {"type": "image", "src": "https://images.example.com/disk.png"},
    ],
}


def read(content: object) -> Reading:
    return PAGERDUTY.parse(json.dumps(content).encode(), {})


def alert_of(content: object) -> ReceivedAlert:
    [alert] = read(content).alerts
    return alert


def answered(content: object) -> tuple[int, Any]:
    assert PAGERDUTY.answer is not None
    return PAGERDUTY.answer(json.dumps(content).encode(), 1)


def test_a_trigger_is_an_alert_with_its_details() -> None:
    alert = alert_of(EVENT)
    assert (alert.title, alert.severity, alert.firing) == ("Disk almost full on db-1", "error", True)
    assert alert.labels == {"host": "db-1", "component": "disk", "class": "capacity", "client": "Backup"}
    assert alert.measured == {"used": "91 %", "free_gb": "9.5", "raid": "true"}
    assert alert.description == "log: one\ntwo"
    assert alert.links == {"Chart": "https://charts.example.com/disk", "Link 2": "https://example.com/wiki"}
    assert (alert.url, alert.image) == ("https://backup.example.com", "https://images.example.com/disk.png")


def test_version_1_gives_the_same_except_the_severity() -> None:
    old, new = alert_of(OLD_EVENT), alert_of(EVENT)
    assert (old.title, old.fingerprint, old.url, old.image) == (new.title, new.fingerprint, new.url, new.image)
    assert (old.severity, old.links, old.measured) == (None, {"Chart": new.links["Chart"]}, {"used": "91 %"})
    assert alert_of(OLD_EVENT | {"details": {"severity": "critical"}}).severity == "critical"
    assert alert_of(OLD_EVENT | {"details": "the disk of db-1"}).description == "the disk of db-1"


@pytest.mark.parametrize(
    ("trigger", "end"),
    [
        (EVENT, {"routing_key": "key-1", "event_action": "resolve", "dedup_key": "disk-db-1"}),
        (OLD_EVENT, {"service_key": "key-1", "event_type": "resolve", "incident_key": "disk-db-1"}),
    ],
)
def test_a_resolve_resolves_the_alert_with_its_key_and_sender(trigger: dict[str, Any], end: dict[str, Any]) -> None:
    own, over = alert_of(trigger), alert_of(end)
    assert (over.firing, over.fingerprint) == (False, own.fingerprint)
    key = "routing_key" if "routing_key" in end else "service_key"
    assert alert_of(end | {key: "key-2"}).fingerprint != own.fingerprint


@pytest.mark.parametrize(
    ("summary", "title"),
    [
        ("[FIRING:2] Disk almost full (db-1)", "Disk almost full (db-1)"), ("[RESOLVED] Disk full", "Disk full"),
        ("Disk [FIRING:1]", "Disk [FIRING:1]"), ("[db-1] Disk full", "[db-1] Disk full"),
    ],
)  # fmt: skip
def test_a_title_does_not_say_how_many_fire(summary: str, title: str) -> None:
    assert alert_of(EVENT | {"payload": {"summary": summary}}).title == title


def test_a_trigger_without_a_key_gets_one_that_can_resolve_it() -> None:
    nameless = {name: value for name, value in EVENT.items() if name != "dedup_key"}
    status, answer = answered(nameless)
    assert status == 202
    assert answered(nameless)[1] == answer
    end = {"routing_key": "key-1", "event_action": "resolve", "dedup_key": answer["dedup_key"]}
    assert alert_of(end).fingerprint == alert_of(nameless).fingerprint
    other = nameless | {"payload": EVENT["payload"] | {"source": "db-2"}}
    assert answered(other)[1]["dedup_key"] != answer["dedup_key"]


def test_a_sender_gets_the_answer_pagerduty_would_give() -> None:
    done = {"status": "success", "message": "Event processed"}
    assert answered(EVENT) == (202, done | {"dedup_key": "disk-db-1"})
    assert answered(OLD_EVENT) == (200, done | {"incident_key": "disk-db-1"})


def test_a_change_event_is_no_alert() -> None:
    change = {"routing_key": "key-1", "payload": {"summary": "Deployed 1.2", "source": "ci"}, "links": []}
    assert (list(read(change).alerts), len(read(change).odd)) == ([], 1)
    assert answered(change) == (202, {"status": "success", "message": "Event processed"})


def test_an_acknowledgement_applies_to_the_alert_with_its_key() -> None:
    for one, action in ((EVENT, "event_action"), (OLD_EVENT, "event_type")):
        acknowledged = read(one | {action: "acknowledge"})
        assert (list(acknowledged.alerts), acknowledged.acknowledged) == ([], [alert_of(one).fingerprint])


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({}, "event_action"), ([], "the body"), ("x", "the body"), (EVENT | {"event_action": "close"}, "event_action"),
        ({"event_action": "resolve"}, "dedup_key"), ({"event_type": "resolve"}, "incident_key"),
        ({"event_action": "acknowledge"}, "dedup_key"), ({"event_type": "acknowledge"}, "incident_key"),
        (EVENT | {"payload": None}, "payload.summary"), (OLD_EVENT | {"description": " "}, "description"),
        (OLD_EVENT | {"event_type": None}, "event_type"),
    ],
)  # fmt: skip
def test_an_invalid_event_is_refused_naming_the_field(wrong: object, place: str) -> None:
    with pytest.raises(WrongShape, match=f"^{place}: "):
        read(wrong)


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"routing_key": "key-1"}', "key-1"), (b'{"service_key":"key-1"}', "key-1"),
        (b'{"a": 1,\n  "routing_key" :\n"a\\/b"}', "a/b"), (b'{"routing_key": 7}', None), (b"{}", None),
        (b'{"routing_key": "' + b"x" * 256 + b'"}', None), (b'{"routing_key": "' + b"x" * 255 + b'"}', "x" * 255),
        (b'{"integration_routing_key": "key-1"}', None), (b'"routing_key' * 80_000, None),
        (b'"routing_key"' + b" " * 900_000, None), (b'{"routing_key": "\xff"}', "�"),
    ],
)  # fmt: skip
def test_the_token_is_found_without_parsing_the_body(body: bytes, token: str | None) -> None:
    assert PAGERDUTY.token_in is not None
    assert PAGERDUTY.token_in(body) == token
