"""What Stripe sends about payments, disputes and payouts, and how it signs."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.alerts.rules import level_of
from bot.sources import Reading, WrongShape, on_the_shelf

STRIPE = on_the_shelf()["stripe"]
NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
INVOICE: dict[str, Any] = {
    "id": "in_1", "number": "SHOP-0007", "amount_due": 10800, "currency": "usd", "customer": {"id": "cus_1"},
    "payment_intent": "pi_1", "attempt_count": 2,
}  # fmt: skip
PAYMENT: dict[str, Any] = {
    "id": "pi_1", "amount": 2000, "currency": "eur", "customer": "cus_1", "invoice": "in_1",
    "last_payment_error": {
        "code": "card_declined", "decline_code": "insufficient_funds", "message": "Your card has insufficient funds.",
    },
}  # fmt: skip
CHARGE: dict[str, Any] = {
    "id": "ch_1", "amount": 2000, "currency": "jpy", "payment_intent": {"id": "pi_1"}, "failure_code": "card_declined",
    "failure_message": "Your card was declined.",
}  # fmt: skip
DISPUTE = {"id": "du_1", "amount": 1000, "currency": "kwd", "charge": "ch_1", "reason": "product_not_received"}
PAYOUT = {"id": "po_1", "amount": 120000, "currency": "eur", "failure_code": "account_closed"}


def event(kind: str, told: object, **more: Any) -> dict[str, Any]:
    own = {"id": "evt_1", "object": "event", "created": 1786024620, "livemode": True, "type": kind}
    return {**own, "data": {"object": told}, **more}


def read(content: object) -> Reading:
    return STRIPE.parse(json.dumps(content).encode(), {})


def alert_of(kind: str, told: object, **more: Any) -> ReceivedAlert:
    [alert] = read(event(kind, told, **more)).alerts
    return alert


@pytest.mark.parametrize(
    ("kind", "told", "title", "level", "page"),
    [
        (
            "invoice.payment_failed", INVOICE, "Payment of 108.00 USD failed for invoice SHOP-0007", "low",
            "invoices/in_1",
        ),
        (
            "payment_intent.payment_failed", PAYMENT, "Payment of 20.00 EUR failed: insufficient funds", "low",
            "payments/pi_1",
        ),
        ("charge.failed", CHARGE, "Charge of 2,000 JPY failed: card declined", "low", "payments/pi_1"),
        ("charge.dispute.created", DISPUTE, "Dispute of 1.000 KWD: product not received", "high", "disputes/du_1"),
        ("payout.failed", PAYOUT, "Payout of 1,200.00 EUR failed: account closed", "high", "payouts/po_1"),
    ],
)  # fmt: skip
def test_a_failure_is_an_alert_in_plain_words(kind: str, told: object, title: str, level: str, page: str) -> None:
    alert = alert_of(kind, told)
    assert (alert.title, level_of(alert.severity), alert.level) == (title, level, None)
    assert (alert.firing, alert.is_test, alert.labels["event"]) == (True, False, kind)
    assert alert.url == f"https://dashboard.stripe.com/{page}"
    assert alert.starts_at == datetime(2026, 8, 6, 13, 57, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "told", "end", "by"),
    [
        ("invoice.payment_failed", INVOICE, "invoice.paid", INVOICE),
        ("invoice.payment_failed", INVOICE, "invoice.payment_succeeded", INVOICE),
        ("invoice.payment_failed", INVOICE, "invoice.voided", INVOICE),
        ("invoice.payment_failed", INVOICE, "payment_intent.succeeded", PAYMENT),
        ("invoice.payment_action_required", INVOICE, "invoice.paid", INVOICE),
        ("payment_intent.payment_failed", PAYMENT, "payment_intent.succeeded", PAYMENT),
        ("payment_intent.payment_failed", PAYMENT, "payment_intent.canceled", PAYMENT),
        ("payment_intent.payment_failed", PAYMENT, "invoice.paid", INVOICE),
        ("charge.failed", CHARGE, "charge.succeeded", CHARGE | {"id": "ch_2"}),
        ("charge.failed", CHARGE | {"payment_intent": None}, "charge.succeeded", CHARGE | {"payment_intent": None}),
        ("charge.failed", CHARGE, "payment_intent.succeeded", PAYMENT),
        ("charge.dispute.created", DISPUTE, "charge.dispute.closed", DISPUTE),
    ],
)  # fmt: skip
def test_a_payment_or_settlement_resolves_its_own_failure(kind: str, told: Any, end: str, by: Any) -> None:
    own = alert_of(kind, told).fingerprint
    ends = {alert.fingerprint: alert for alert in read(event(end, by, created=1786024800)).alerts}
    assert (ends[own].firing, ends[own].ends_at) == (False, NOW)
    elsewhere = by | {"id": "other", "payment_intent": "other", "invoice": "other"}
    assert own not in {alert.fingerprint for alert in read(event(end, elsewhere)).alerts}
    assert own not in {alert.fingerprint for alert in read(event(end, by, livemode=False)).alerts}
    assert own not in {alert.fingerprint for alert in read(event(end, by, account="acct_1")).alerts}


def test_a_canceled_payment_does_not_resolve_its_invoice() -> None:
    ends = {alert.fingerprint for alert in read(event("payment_intent.canceled", PAYMENT)).alerts}
    assert alert_of("invoice.payment_failed", INVOICE).fingerprint not in ends


def test_failed_payments_of_one_kind_share_a_card_and_disputes_do_not() -> None:
    for kind, told, together in (("charge.failed", CHARGE, True), ("charge.dispute.created", DISPUTE, False)):
        one, other = alert_of(kind, told), alert_of(kind, {**told, "id": "other", "payment_intent": "other"})
        assert one.fingerprint != other.fingerprint
        assert (one.group == other.group and one.group is not None) is together


def test_test_data_is_a_test() -> None:
    alert = alert_of("payout.failed", PAYOUT, livemode=False)
    assert alert.is_test
    assert alert.url == "https://dashboard.stripe.com/test/payouts/po_1"


@pytest.mark.parametrize("kind", ["customer.created", "payout.paid", "charge.dispute.updated", "v2.core.event"])
def test_an_event_that_is_no_failure_is_no_alert(kind: str) -> None:
    reading = read({"type": kind})
    assert (list(reading.alerts), len(reading.odd)) == ([], 1)


def test_an_invalid_amount_is_not_shown() -> None:
    for odd in ({"amount": None}, {"amount": True}, {"amount": 1.5}, {"amount": 10**30}, {"currency": None}):
        assert alert_of("payout.failed", PAYOUT | odd).title == "Payout failed: account closed"
        assert alert_of("charge.dispute.created", DISPUTE | odd).title == "Dispute: product not received"


def test_an_invalid_id_makes_no_link() -> None:
    alert = alert_of("payout.failed", PAYOUT | {"id": "../../x"}, id="a b")
    assert (alert.url, alert.links) == (None, {})


@pytest.mark.parametrize(
    "wrong",
    [
        [], "x", None, {}, {"type": 7}, {"type": "charge.failed"}, {"type": "charge.failed", "data": {"object": []}},
        event("charge.failed", {"id": None}), event("invoice.paid", {"id": {}}),
    ],
)  # fmt: skip
def test_a_body_stripe_would_not_send_is_refused(wrong: object) -> None:
    with pytest.raises(WrongShape):
        read(wrong)


def sign(secret: str, at: str, body: bytes = b"{}") -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(header: str, secret: str = "whsec_1") -> bool:
    assert STRIPE.is_signed is not None
    return STRIPE.is_signed(b"{}", {"Stripe-Signature": header}, secret, NOW)


@pytest.mark.parametrize(("age", "taken"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_the_signature_covers_body_and_timestamp(age: int, taken: bool) -> None:
    at = str(int((NOW - timedelta(seconds=age)).timestamp()))
    assert is_signed(f"t={at},v1={sign('whsec_1', at)}") is taken


def test_one_of_several_signatures_is_enough_and_only_v1_counts() -> None:
    at = str(int(NOW.timestamp()))
    own, other = sign("whsec_1", at), sign("whsec_2", at)
    assert is_signed(f"t={at}, v1={other}, v1={own}, v0=x")
    for wrong in (
        f"t={at},v1={other}", f"t={at},v0={own}", f"v1={own}", f"t=1,v1={own}", f"t={at}", "", "t=é,v1=é", "=,=,",
        f"t={at}," + "v1=x," * 500 + f"v1={own}",
    ):  # fmt: skip
        assert not is_signed(wrong)


def test_the_event_id_identifies_the_delivery() -> None:
    assert STRIPE.delivery is not None
    assert STRIPE.delivery(b'{"id": "evt_1"}', {}) == "evt_1"
    for nameless in (b"{}", b"[]", b'{"id": 7}', b'{"id": ""}'):
        assert STRIPE.delivery(nameless, {}) is None
