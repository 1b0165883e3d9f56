"""Amazon SNS: signatures, confirmations, and how published messages become alerts."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.sources import Reading, Unreadable, WrongShape, sns
from tests.sources.amazon import ALARM, CONFIRMATION, ENDED, HOST, NOTIFICATION, SUBSCRIBE, Signer, amazon, notification

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


class Web:
    """Serves certificates and counts requests."""

    def __init__(self, *signers: Signer, trouble: Exception | None = None) -> None:
        self._pages = {signer.address: signer.certificate for signer in signers}
        self._trouble = trouble
        self.asked: list[str] = []

    async def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        if self._trouble:
            raise self._trouble
        if address not in self._pages:
            raise Rejected("HTTP 404")
        return self._pages[address]


@pytest.fixture(autouse=True)
def no_certificate_is_known_yet() -> Iterator[None]:
    sns._certificates.clear()
    yield
    sns._certificates.clear()


async def is_genuine(message: object, web: Web | None = None) -> bool:
    return await sns.is_genuine(json.dumps(message).encode(), (web or Web(amazon())).fetch)


def read(content: object, **headers: str) -> Reading:
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return sns.parse(body, {name.replace("_", "-"): value for name, value in headers.items()})


def the_alert(content: object, **headers: str) -> ReceivedAlert:
    [alert] = read(content, **headers).alerts
    return alert


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("message", [NOTIFICATION, CONFIRMATION, ENDED])
async def test_a_message_amazon_signed_is_genuine(message: dict[str, Any], version: str) -> None:
    assert await is_genuine(amazon().signed(message, version))


async def test_a_message_without_a_subject_is_signed_without_it() -> None:
    bare = {name: value for name, value in NOTIFICATION.items() if name != "Subject"}
    assert await is_genuine(amazon().signed(bare))
    assert await is_genuine(amazon().signed(bare) | {"Subject": None})
    assert not await is_genuine(amazon().signed(bare) | {"Subject": "added"})


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn"])
async def test_a_changed_message_fails_verification(name: str) -> None:
    assert not await is_genuine(amazon().signed(NOTIFICATION) | {name: "something else"})


@pytest.mark.parametrize("name", ["SubscribeURL", "Token", "Type"])
async def test_a_changed_confirmation_fails_verification(name: str) -> None:
    changed = {"SubscribeURL": SUBSCRIBE + "x", "Token": "x", "Type": "UnsubscribeConfirmation"}[name]
    assert not await is_genuine(amazon().signed(CONFIRMATION) | {name: changed})


async def test_a_signature_by_another_key_or_of_another_version_is_refused() -> None:
    forged = Signer().signed(NOTIFICATION)
    assert not await is_genuine(forged)
    for version in ("2", "3", "", None, 1):
        assert not await is_genuine(amazon().signed(NOTIFICATION) | {"SignatureVersion": version})


@pytest.mark.parametrize("missing", ["Signature", "SignatureVersion", "SigningCertURL"])
@pytest.mark.parametrize("value", [None, "", "!", 7, ["x"]])
async def test_an_unsigned_amazon_message_is_refused(missing: str, value: object) -> None:
    assert not await is_genuine(amazon().signed(NOTIFICATION) | {missing: value})


@pytest.mark.parametrize(
    "address",
    [
        "https://sns.s3.amazonaws.com/{}", "https://sns.s3-eu-west-1.amazonaws.com/{}", "https://sns.amazonaws.com/{}",
        "http://" + HOST + "/{}", "https://" + HOST + ".example.com/{}", "https://example.com/" + HOST + "/{}",
        "https://" + HOST + "@example.com/{}", "https://" + HOST + ":8443/{}", "https://x" + HOST + "/{}",
        "https://" + HOST + "/a/../{}", "https://" + HOST + "/{}?x", "https://" + HOST + "/{}\n", "{}",
    ],
)  # fmt: skip
async def test_certificates_are_fetched_only_from_amazons_hosts(address: str) -> None:
    forger, web = Signer(), Web()
    forger.address = address.format("SimpleNotificationService-1.pem")
    assert not await is_genuine(forger.signed(NOTIFICATION), web)
    assert web.asked == []


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "ap-southeast-2", "cn-north-1"])
async def test_every_region_has_its_own_host(region: str) -> None:
    signer = Signer()
    tail = ".cn" if region.startswith("cn-") else ""
    signer.address = f"https://sns.{region}.amazonaws.com{tail}/SimpleNotificationService-1.pem"
    assert await is_genuine(signer.signed(NOTIFICATION), Web(signer))


async def test_a_certificate_is_fetched_once() -> None:
    web = Web(amazon())
    for _ in range(3):
        assert await is_genuine(amazon().signed(NOTIFICATION), web)
    assert web.asked == [amazon().address]


@pytest.mark.parametrize("trouble", [Unreachable("away"), Unanswered("nothing came")])
async def test_a_certificate_that_cannot_be_fetched_now_is_no_verdict(trouble: Exception) -> None:
    with pytest.raises(Unreachable):
        await is_genuine(amazon().signed(NOTIFICATION), Web(trouble=trouble))
    assert await is_genuine(amazon().signed(NOTIFICATION))


class Between(Web):
    """A proxy that answers every request with the same page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self._page = page

    async def fetch(self, address: str) -> bytes:
        return self._page


@pytest.mark.parametrize("page", [b"", b"<html>Sign in first</html>"])
async def test_a_proxys_page_instead_of_a_certificate_is_no_verdict(page: bytes) -> None:
    with pytest.raises(Unreachable):
        await is_genuine(amazon().signed(NOTIFICATION), Between(page))
    assert await is_genuine(amazon().signed(NOTIFICATION))


async def test_a_certificate_that_verified_nothing_is_not_cached() -> None:
    assert not await is_genuine(amazon().signed(NOTIFICATION), Between(Signer().certificate))
    assert await is_genuine(amazon().signed(NOTIFICATION))


async def test_a_body_that_is_not_a_certificate_verifies_nothing() -> None:
    signer = Signer()
    signer.certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    assert not await is_genuine(signer.signed(NOTIFICATION), Web(signer))
    assert not await is_genuine(amazon().signed(NOTIFICATION), Web())


@pytest.mark.parametrize("content", [ALARM, {"Type": "Other"}, [], "Disk full", None])
async def test_a_body_without_an_envelope_needs_the_token(content: object) -> None:
    assert await is_genuine(content)


def test_a_subscription_is_confirmed_only_at_amazons_hosts() -> None:
    assert read(CONFIRMATION).confirm == SUBSCRIBE
    for address in (SUBSCRIBE.replace(HOST, "example.com"), SUBSCRIBE.replace("https", "http"), "", None,
                    SUBSCRIBE.replace("Confirm", "Un"), SUBSCRIBE.replace(HOST, "sns.s3.amazonaws.com")):  # fmt: skip
        with pytest.raises(WrongShape, match="SubscribeURL"):
            read(CONFIRMATION | {"SubscribeURL": address})


def test_an_ended_subscription_is_an_alert_until_it_is_renewed() -> None:
    ended, again = the_alert(ENDED), the_alert(CONFIRMATION)
    assert "alarms-critical no longer arrive" in ended.title and read(ENDED).confirm is None
    assert (ended.firing, again.firing, ended.fingerprint) == (True, False, again.fingerprint)


def test_a_cloudwatch_alarm_fires_until_it_is_ok() -> None:
    alert = the_alert(NOTIFICATION)
    assert (alert.title, alert.firing, alert.severity) == ("shop-5xx: The shop answers with errors", True, "critical")
    assert alert.fingerprint == ALARM["AlarmArn"]
    assert alert.description.startswith("Threshold Crossed: 2 datapoints")
    assert alert.url == "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/shop-5xx"
    assert alert.labels == {
        "alarm": "shop-5xx", "account": "123456789012", "region": "eu-west-1", "topic": "alarms-critical",
        "metric": "HTTPCode_Target_5XX_Count", "namespace": "AWS/ApplicationELB",
        "LoadBalancer": "app/shop/50dc6c495c0c9188",
    }  # fmt: skip
    assert alert.starts_at == datetime(2026, 8, 6, 12, 32, 8, 123000, tzinfo=UTC)
    over = the_alert(notification(ALARM | {"NewStateValue": "OK", "StateChangeTime": "2026-08-06T12:33:08.000+0000"}))
    assert (over.firing, over.fingerprint, over.starts_at) == (False, alert.fingerprint, None)
    assert over.ends_at == datetime(2026, 8, 6, 12, 33, 8, tzinfo=UTC)


def test_an_alarm_with_insufficient_data_is_a_warning_for_the_same_alert() -> None:
    alert = the_alert(notification(ALARM | {"NewStateValue": "INSUFFICIENT_DATA"}))
    assert (alert.title, alert.severity) == ("shop-5xx: insufficient data", "warning")
    assert (alert.firing, alert.fingerprint) == (True, ALARM["AlarmArn"])
    assert not read(notification(ALARM | {"NewStateValue": "NEW"})).alerts


@pytest.mark.parametrize(
    ("topic", "severity"),
    [("alarms-critical", "critical"), ("prod_P2", "P2"), ("low-disk", None), ("alarms", None), ("", None)],
)
def test_the_last_word_of_a_topics_name_gives_the_severity(topic: str, severity: str | None) -> None:
    assert the_alert(NOTIFICATION | {"TopicArn": f"arn:aws:sns:eu-west-1:1:{topic}"}).severity == severity


def test_a_composite_alarm_has_no_metric() -> None:
    bare = {"AlarmName": "shop-down", "NewStateValue": "ALARM", "AlarmRule": "ALARM(a)", "AlarmDescription": None}
    alert = the_alert(notification(bare))
    assert (alert.title, alert.labels, alert.url) == (
        "shop-down",
        {"alarm": "shop-down", "topic": "alarms-critical"},
        None,
    )


def test_the_description_does_not_repeat_the_title() -> None:
    short = the_alert(notification(ALARM | {"AlarmDescription": "The shop answers with errors"}))
    assert "The shop answers" in short.title and "The shop answers" not in short.description
    long = the_alert(notification(ALARM | {"AlarmDescription": "The shop answers with errors. " * 20}))
    assert "The shop answers" not in long.title and "The shop answers" in long.description


def test_plain_text_is_an_alert_with_its_first_line_as_title() -> None:
    text = "\nBackup of orders failed\n\nExit code 3"
    alert = the_alert(notification(text, Subject="Nightly"))
    assert (alert.title, alert.firing, alert.severity) == ("Backup of orders failed", True, "critical")
    assert "Exit code 3" in alert.description
    assert alert.labels == {"topic": "alarms-critical", "subject": "Nightly"}
    assert the_alert(notification(text, Timestamp="later")).fingerprint == alert.fingerprint


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ({"detail-type": "EC2 Instance State-change", "source": "aws.ec2"}, "EC2 Instance State-change"),
        ({"Event Source": "db-instance", "Event Message": "Restarted"}, "Restarted"),
        ({"notificationType": "Bounce"}, "About the shop"), ([1, 2], "About the shop"),
        ('{"AlarmName": "cut off', "About the shop"),
    ],
)  # fmt: skip
def test_other_json_is_an_odd_alert_without_json_in_its_title(content: object, title: str) -> None:
    reading = read(notification(content, Subject="About the shop"))
    assert reading.alerts[0].title == title
    assert bool(reading.odd) is not isinstance(content, str)
    assert read(notification({"a": 1}, Subject=None)).alerts[0].title == "A message that is no alarm"


@given(name=st.sampled_from([*ALARM, "detail-type"]), value=ANYTHING, whole=st.booleans())
def test_any_published_message_is_accepted_or_refused_with_a_reason(name: str, value: Any, whole: bool) -> None:
    message = value if whole else ALARM | {name: value}
    try:
        alerts = read(notification(json.dumps(message))).alerts
    except WrongShape as refusal:
        assert str(refusal)
    else:
        assert all(alert.title and alert.fingerprint for alert in alerts)


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_json_of_any_depth_is_handled(depth: int) -> None:
    assert the_alert(notification("[" * depth + "]" * depth, Subject="Deep")).title == "Deep"


@given(name=st.sampled_from([*amazon().signed(CONFIRMATION), "Subject"]), value=ANYTHING)
def test_no_envelope_causes_a_crash(name: str, value: Any) -> None:
    body = json.dumps(amazon().signed(CONFIRMATION) | {name: value}).encode()
    assert asyncio.run(sns.is_genuine(body, Web(amazon()).fetch)) in (True, False)


@pytest.mark.parametrize("value", ["", "  ", None, 7])
def test_an_empty_message_is_reported_as_empty(value: object) -> None:
    if value == 7:
        assert the_alert(NOTIFICATION | {"Message": value}).title == "7"
    else:
        with pytest.raises(WrongShape, match="Message"):
            read(NOTIFICATION | {"Message": value})


def test_raw_delivery_has_no_envelope() -> None:
    topic = {"x_amz_sns_topic_arn": NOTIFICATION["TopicArn"], "x_amz_sns_rawdelivery": "true"}
    assert read(NOTIFICATION["Message"], **topic).alerts == read(NOTIFICATION).alerts
    assert the_alert("Disk full\non db-1", **topic).title == "Disk full"
    assert the_alert("Disk full", x_amz_sns_rawdelivery="true").severity is None
    assert the_alert(ALARM).title == "shop-5xx: The shop answers with errors"


def test_without_envelope_or_header_only_an_alarm_is_accepted() -> None:
    with pytest.raises(Unreadable):
        read("Disk full")
    with pytest.raises(WrongShape, match="envelope"):
        read({"Type": "Other"})


def test_a_delivery_is_identified_by_its_message_id() -> None:
    assert sns.delivery(json.dumps(NOTIFICATION).encode(), {}) == NOTIFICATION["MessageId"]
    assert sns.delivery(b"Disk full", {"x-amz-sns-message-id": "7"}) == "7"
    assert sns.delivery(b"\xff", {}) is None and sns.delivery(json.dumps({"MessageId": 7}).encode(), {}) is None
