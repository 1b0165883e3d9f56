"""Uptime Kuma: what its webhook sends, in each of its three formats."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, Unreadable, WrongShape
from bot.sources.uptimekuma import parse
from tests.at_hand import ROOT

DOWN: dict[str, Any] = json.loads((ROOT / "bot/sandbox/samples/uptimekuma.json").read_text())
UP = DOWN | {"heartbeat": DOWN["heartbeat"] | {"status": 1, "time": "2026-08-06 12:33:08.5", "msg": "200 - OK"}}


def read(content: object) -> Reading:
    return parse(json.dumps(content).encode(), {})


def the_alert(content: object) -> ReceivedAlert:
    [alert] = read(content).alerts
    return alert


def of_monitor(**changed: object) -> dict[str, Any]:
    return DOWN | {"monitor": DOWN["monitor"] | changed}


def test_a_monitor_that_is_down_is_an_alert_until_it_is_up() -> None:
    assert the_alert(DOWN) == ReceivedAlert(
        title="Shop is down: timeout of 48000ms exceeded",
        firing=True,
        fingerprint="3",
        severity="down",
        url="https://shop.example.com",
        labels={"monitor": "Shop", "type": "http", "tags": "prod"},
        starts_at=datetime(2026, 8, 6, 12, 32, 8, 123000, tzinfo=UTC),
    )
    up = the_alert(UP)
    assert (up.firing, up.fingerprint, up.starts_at) == (False, "3", None)
    assert up.ends_at == datetime(2026, 8, 6, 12, 33, 8, 500000, tzinfo=UTC)


@pytest.mark.parametrize(("status", "word"), [(2, "pending"), (3, "maintenance"), (7, "status 7")])
def test_pending_and_maintenance_states_are_ignored(status: int, word: str) -> None:
    reading = read(DOWN | {"heartbeat": {"status": status}})
    assert not reading.alerts and word in reading.odd[0]


def test_the_test_button_sends_no_monitor_and_pages_nobody() -> None:
    test = the_alert({"heartbeat": None, "monitor": None, "msg": "Tocsin Testing"})
    assert (test.title, test.firing, test.is_test) == ("Tocsin Testing", True, True)
    assert the_alert({"msg": "Other Testing"}).fingerprint == test.fingerprint


def test_an_expiring_certificate_is_no_test_although_it_names_no_monitor_either() -> None:
    words = "[Shop][https://test.example.com] server certificate shop.example.com will expire in {} days"
    first, later = (the_alert({"heartbeat": None, "monitor": None, "msg": words.format(days)}) for days in (14, 7))
    assert (first.is_test, first.severity, first.title) == (False, "warning", words.format(14))
    assert first.fingerprint == later.fingerprint != the_alert({"msg": "Domain shop.example.com expires"}).fingerprint


def test_a_bare_message_that_is_no_test_is_an_alert_of_unknown_severity() -> None:
    alert = the_alert({"msg": "The latest backup failed"})
    assert (alert.is_test, alert.severity) == (False, None)


@pytest.mark.parametrize("line", ["\r\n", "\n"])
def test_a_multipart_form_and_a_query_are_parsed_like_json(line: str) -> None:
    body = line.join(
        ["--part(1)", 'Content-Disposition: form-data; name="data"', "", json.dumps(DOWN), "--part(1)--", ""]
    )
    assert parse(body.encode(), {}).alerts == [the_alert(DOWN)]
    query = {"msg": DOWN["msg"]} | {name: json.dumps(DOWN[name]) for name in ("heartbeat", "monitor")}
    assert parse(urlencode(query).encode(), {}).alerts == [the_alert(DOWN)]
    assert parse(urlencode({"msg": "Tocsin Testing"}).encode(), {}).alerts[0].is_test


@pytest.mark.parametrize(
    "body", [b"", b"--", b"--\n", b'--x\nname="data"\n', b"Shop is down", b"heartbeat=%7B", b"\xff", b"{"]
)
def test_a_body_in_another_format_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(body, {})


@pytest.mark.parametrize(
    ("tags", "shown", "severity"),
    [
        ([{"name": "P2", "value": ""}], "P2", "P2"), ([{"name": "severity", "value": "warning"}], "severity: warning",
        "warning"), ([{"name": "team", "value": "web"}, {}, "x"], "team: web", "down"), (None, None, "down"),
    ],
)  # fmt: skip
def test_a_tag_may_give_the_severity(tags: object, shown: str | None, severity: str) -> None:
    alert = the_alert(of_monitor(tags=tags))
    assert (alert.labels.get("tags"), alert.severity) == (shown, severity)


def test_what_does_not_fit_the_title_is_the_description() -> None:
    ping = "PING 10.0.0.9\n1 packets transmitted, 0 received"
    alert = the_alert(DOWN | {"heartbeat": {"status": 0, "msg": ping}})
    assert (alert.title, alert.description) == ("Shop is down: PING 10.0.0.9 1 packets transmitted, 0 received", ping)


def test_missing_fields_of_a_monitor_are_left_out() -> None:
    alert = the_alert({"heartbeat": {"status": 0}, "monitor": {"id": 9, "url": "https://", "hostname": "10.0.0.9"}})
    assert (alert.title, alert.url, alert.labels) == ("Monitor 9 is down", None, {"host": "10.0.0.9"})
    assert the_alert(DOWN | {"heartbeat": {"status": 0, "time": "noon"}}).starts_at is None


@pytest.mark.parametrize("content", [{}, {"msg": ""}, DOWN | {"heartbeat": None}, DOWN | {"monitor": {}}])
def test_a_missing_monitor_is_named(content: object) -> None:
    with pytest.raises(WrongShape, match=r"heartbeat|monitor"):
        read(content)
