"""Pingdom: state changes of its checks, in former and current formats."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, WrongShape
from bot.sources.pingdom import delivery, parse
from tests.at_hand import ROOT

DOWN: dict[str, Any] = json.loads((ROOT / "bot/sandbox/samples/pingdom.json").read_text())
UP = DOWN | {"previous_state": "DOWN", "current_state": "UP", "state_changed_timestamp": 1786019588}


def read(change: object) -> Reading:
    return parse(json.dumps(change).encode(), {})


def the_alert(change: object) -> ReceivedAlert:
    [alert] = read(change).alerts
    return alert


def known_as(change: object) -> str | None:
    return delivery(json.dumps(change).encode(), {})


def test_a_check_that_is_down_is_an_alert_until_it_is_up() -> None:
    assert the_alert(DOWN) == ReceivedAlert(
        title="Shop checkout is down: Timeout (> 30s)",
        firing=True,
        fingerprint="4242",
        severity="HIGH",
        description="The server did not answer within 30 seconds",
        url="https://shop.example.com/checkout",
        labels={"check": "Shop checkout", "type": "HTTP", "host": "shop.example.com", "tags": "prod, shop"},
        starts_at=datetime(2026, 8, 6, 12, 32, 8, tzinfo=UTC),
    )
    up = the_alert(UP)
    assert (up.firing, up.fingerprint, up.starts_at) == (False, "4242", None)
    assert up.ends_at == datetime(2026, 8, 6, 12, 33, 8, tzinfo=UTC)


def test_a_transaction_fails_until_it_succeeds() -> None:
    failing = DOWN | {"check_type": "TRANSACTION", "check_params": {}, "current_state": "FAILING", "description": ""}
    assert the_alert(failing).title == "Shop checkout is failing"
    assert not the_alert(failing | {"current_state": "SUCCESS"}).firing


@pytest.mark.parametrize(
    ("tags", "read_as"),
    [
        (["prod", "shop"], "prod, shop"), ([{"name": "prod", "type": "u"}, {"name": "shop"}], "prod, shop"),
        ("prod,shop", "prod, shop"), ([], None), (None, None), ([None, 7, {}, ""], None),
    ],
)  # fmt: skip
def test_tags_may_be_strings_or_objects(tags: object, read_as: str | None) -> None:
    assert the_alert(DOWN | {"tags": tags}).labels.get("tags") == read_as


@pytest.mark.parametrize("level", ["absent", None, ""])
def test_without_an_importance_level_a_down_check_gets_the_default_severity_of_down(level: str | None) -> None:
    change = {name: value for name, value in DOWN.items() if name != "importance_level"}
    assert the_alert(change if level == "absent" else change | {"importance_level": level}).severity == "down"
    assert the_alert(DOWN | {"importance_level": "LOW"}).severity == "LOW"


@pytest.mark.parametrize("state", ["PAUSED", "UNKNOWN", "UNCONFIRMED_DOWN"])
def test_paused_or_unmeasured_checks_are_ignored(state: str) -> None:
    reading = read(DOWN | {"current_state": state})
    assert not reading.alerts
    assert reading.odd == [f"Shop checkout is {state}: neither down nor up"]


def test_a_delivery_is_identified_by_its_check_and_the_time_of_the_change() -> None:
    assert known_as(DOWN) == known_as(DOWN | {"description": "said otherwise"}) != known_as(UP)
    assert known_as(DOWN | {"check_id": 4243}) != known_as(DOWN)
    assert known_as({"check_name": "Shop", "current_state": "UP"}) is None
    assert delivery(b"\xff", {}) is None and known_as([]) is None


@pytest.mark.parametrize("missing", ["current_state", "check_id"])
def test_a_missing_check_or_state_is_named(missing: str) -> None:
    change = {"check_id": 7, "current_state": "DOWN"} | {missing: None}
    with pytest.raises(WrongShape, match=missing):
        read(change)


@pytest.mark.parametrize("moment", [None, "", "soon", 0, -5, 10**30, {}, "1786019528"])
def test_the_time_of_a_change_may_be_missing(moment: object) -> None:
    at = the_alert(DOWN | {"state_changed_timestamp": moment}).starts_at
    assert at == (datetime(2026, 8, 6, 12, 32, 8, tzinfo=UTC) if moment == "1786019528" else None)


def test_other_odd_fields_are_left_out() -> None:
    odd = dict.fromkeys(("check_params", "tags", "description", "long_description", "check_type"), 7)
    assert the_alert({"check_id": "4242", "current_state": "down"} | odd).title == "Check 4242 is down: 7"
