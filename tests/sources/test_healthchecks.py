"""Healthchecks: the body docs/alerts/healthchecks.md gives, and variations of it."""

import json
from datetime import UTC, datetime

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, WrongShape
from bot.sources.healthchecks import parse
from tests.at_hand import ROOT

DOWN: dict[str, str] = json.loads((ROOT / "bot/sandbox/samples/healthchecks.json").read_text())
UP = DOWN | {"status": "up", "now": "2026-08-06T12:33:08+00:00"}
PRESCRIBED = '{"code": "$CODE", "status": "$STATUS", "now": "$NOW", "tags": "$TAGS", "name": $NAME_JSON}'


def read(content: object) -> Reading:
    return parse(json.dumps(content).encode(), {})


def the_alert(content: object) -> ReceivedAlert:
    [alert] = read(content).alerts
    return alert


def test_a_check_that_is_down_is_an_alert_until_it_is_up() -> None:
    assert the_alert(DOWN) == ReceivedAlert(
        title="Nightly export is down",
        firing=True,
        fingerprint="11111111-2222-4333-8444-555555555555",
        severity="down",
        labels={"check": "Nightly export", "tags": "prod nightly"},
        starts_at=datetime(2026, 8, 6, 12, 32, 8, tzinfo=UTC),
    )
    up = the_alert(UP)
    assert (up.firing, up.starts_at, up.ends_at) == (False, None, datetime(2026, 8, 6, 12, 33, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("tags", "severity"),
    [("prod critical", "critical"), ("P3", "P3"), ("severity=warning", "warning"), ("prod", "down"), ("", "down")],
)
def test_a_tag_gives_the_severity(tags: str, severity: str) -> None:
    assert the_alert(DOWN | {"tags": tags}).severity == severity


def test_a_body_with_unreplaced_placeholders_is_reported_as_such() -> None:
    with pytest.raises(WrongShape, match=r"Healthchecks sent its placeholders unreplaced: `\$CODE`, `\$STATUS`"):
        parse(PRESCRIBED.encode(), {})


def test_a_body_from_an_older_version_without_quoted_names_is_understood_and_pointed_out() -> None:
    reading = parse(PRESCRIBED.replace("$CODE", "7").replace("$STATUS", "down").encode(), {})
    assert reading.alerts[0].title == "7 is down"
    assert "$NAME_JSON was not replaced" in reading.odd


def test_a_name_with_quotes_in_it_does_no_harm() -> None:
    body = PRESCRIBED.replace("$NAME_JSON", '"Export "all""').replace("$CODE", "7").replace("$STATUS", "down")
    assert parse(body.encode(), {}).alerts[0].title == 'Export "all" is down'


def test_the_test_button_pages_nobody_and_is_one_alert_whatever_its_code() -> None:
    first, second = the_alert(DOWN | {"name": "TEST"}), the_alert(DOWN | {"name": "TEST", "code": "other"})
    assert first.is_test and first.fingerprint == second.fingerprint
    assert not the_alert(DOWN | {"name": "TESTS"}).is_test


@pytest.mark.parametrize("status", ["new", "grace", "paused"])
def test_any_other_status_is_ignored(status: str) -> None:
    reading = read(DOWN | {"status": status})
    assert not reading.alerts and status in reading.odd[0]


@pytest.mark.parametrize("missing", ["code", "status"])
def test_a_missing_code_or_status_is_named(missing: str) -> None:
    with pytest.raises(WrongShape, match=missing):
        read({name: value for name, value in DOWN.items() if name != missing})


def test_the_checks_description_is_used_when_it_is_sent() -> None:
    assert the_alert(DOWN | {"check": {"desc": "Runs at two", "n_pings": 7}}).description == "Runs at two"
    assert the_alert(DOWN | {"check": 7}).description == ""
