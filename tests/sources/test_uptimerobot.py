"""UptimeRobot: what its webhook sends, and bodies its users write themselves."""

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Reading, Unreadable, WrongShape
from bot.sources.uptimerobot import FIELDS, parse

AT = datetime(2026, 8, 6, 12, 32, 8, tzinfo=UTC)
DOWN = {
    "monitorID": "777888999", "monitorFriendlyName": "Shop", "monitorURL": "https://shop.example.com",
    "alertType": "1", "alertTypeFriendlyName": "Down", "alertDateTime": "1786019528", "alertDetails": "HTTP 503",
}  # fmt: skip
UP = DOWN | {"alertType": "2", "alertTypeFriendlyName": "Up", "alertDateTime": "1786019588", "alertDuration": "60"}
EXPIRY = DOWN | {"alertType": "3", "alertTypeFriendlyName": "SSL expiry", "sslExpiryDaysLeft": "7"}


def read(fields: object) -> Reading:
    return parse(json.dumps(fields).encode(), {})


def the_alert(fields: object) -> ReceivedAlert:
    [alert] = read(fields).alerts
    return alert


def test_a_monitor_that_is_down_is_an_alert_until_it_is_up() -> None:
    assert the_alert(DOWN) == ReceivedAlert(
        title="Shop is down", firing=True, fingerprint="777888999", severity="down", description="HTTP 503",
        url="https://shop.example.com", labels={"monitor": "Shop", "url": "https://shop.example.com"}, starts_at=AT,
    )  # fmt: skip
    up = the_alert(UP)
    assert (up.firing, up.fingerprint, up.starts_at) == (False, "777888999", None)
    assert up.ends_at == datetime(2026, 8, 6, 12, 33, 8, tzinfo=UTC)


def test_an_expiry_is_a_separate_alert_that_up_does_not_resolve() -> None:
    alert = the_alert(EXPIRY)
    assert (alert.title, alert.severity, alert.firing) == ("Shop: the certificate expires in 7 days", "warning", True)
    domain = the_alert(EXPIRY | {"alertTypeFriendlyName": "Domain expiry", "sslExpiryDaysLeft": "*sslExpiryDaysLeft*"})
    assert domain.title == "Shop: the domain expires soon"
    assert len({alert.fingerprint, domain.fingerprint, the_alert(UP).fingerprint}) == 3


@pytest.mark.parametrize("body", [urlencode(DOWN), "\n" + urlencode(DOWN), json.dumps(DOWN, indent=2)])
def test_form_query_and_json_are_parsed_the_same(body: str) -> None:
    assert parse(body.encode(), {}).alerts == [the_alert(DOWN)]


def test_names_with_asterisks_or_underscores_are_accepted_too() -> None:
    assert read({f"*{name}*": value for name, value in DOWN.items()}).alerts == [the_alert(DOWN)]
    underlined = {
        "monitor_id": "777888999", "monitor_friendly_name": "Shop", "monitor_url": "https://shop.example.com",
        "alert_type": 1, "alert_type_friendly_name": "Down", "alert_date_time": 1786019528, "alert_details": "HTTP 503",
    }  # fmt: skip
    assert read(underlined).alerts == [the_alert(DOWN)]


@pytest.mark.parametrize("written", ["*{}*", "{}", "${}"])
def test_unreplaced_placeholders_are_no_title(written: str) -> None:
    with pytest.raises(WrongShape, match=r"UptimeRobot sent its placeholders unreplaced: .*monitorID") as refusal:
        read({name: written.format(name) for name in FIELDS})
    assert "asterisk on both sides" in str(refusal.value)


def test_a_placeholder_that_does_not_apply_is_left_out() -> None:
    more = {"sslExpiryDate": "*sslExpiryDate*", "alertDuration": "*alertDuration*"}
    assert read(DOWN | more).alerts == [the_alert(DOWN)]


@pytest.mark.parametrize("details", ['expected "OK", got "<html>"', "a \\ b", "two\nlines", 'x"}', '","', "ends in }"])
def test_details_that_break_the_json_are_kept_verbatim(details: str) -> None:
    body = "{" + ", ".join(f'"{name}": "{value}"' for name, value in (DOWN | {"alertDetails": details}).items()) + "}"
    [alert] = parse(body.encode(), {}).alerts
    assert alert.title == "Shop is down"
    assert alert.description[:1] == details[:1]


def test_text_that_breaks_out_of_its_field_cannot_claim_the_monitor_is_up() -> None:
    body = json.dumps(DOWN).replace("HTTP 503", 'x", "alertType": "2", "y": "')
    [alert] = parse(body.encode(), {}).alerts
    assert alert.firing
    [alert] = parse(body.replace('"y"', '"y').encode(), {}).alerts
    assert alert.firing


def test_the_alert_types_name_replaces_its_number_and_the_url_the_monitors_name() -> None:
    few = {"monitorURL": "https://shop.example.com", "alertTypeFriendlyName": "Down"}
    down, up = the_alert(few), the_alert(few | {"alertTypeFriendlyName": "Up"})
    assert (down.title, down.firing, up.firing) == ("https://shop.example.com is down", True, False)
    assert down.fingerprint == up.fingerprint


@pytest.mark.parametrize("kind", ["0", "98", "Paused"])
def test_a_type_other_than_down_or_up_is_ignored(kind: str) -> None:
    reading = read({"monitorID": "7", "alertType": kind})
    assert not reading.alerts and kind.lower() in reading.odd[0]


@pytest.mark.parametrize("fields", [{"alertType": "1"}, {"monitorID": "7"}, {"monitorID": {}, "alertType": "1"}])
def test_a_missing_monitor_or_type_is_named(fields: object) -> None:
    with pytest.raises(WrongShape, match=r"monitor|alertType"):
        read(fields)


@pytest.mark.parametrize("body", [b"", b"  ", b"Shop is down", b"{", b"{}", b"\xff\xfe"])
def test_a_body_without_fields_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(body, {})


def test_a_dashboard_url_is_the_alerts_own_link() -> None:
    alert = the_alert(DOWN | {"dashboardURL": "https://dashboard.example.com/7"})
    assert alert.url == "https://dashboard.example.com/7"
    assert alert.links == {"Watched page": "https://shop.example.com"}
