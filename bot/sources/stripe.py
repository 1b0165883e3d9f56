"""Stripe: events about failed payments, disputes and payouts, and the events that end them.

    {"id": "evt_1", "object": "event", "type": "invoice.payment_failed", "created": 1786024620, "livemode": true,
     "data": {"object": {"id": "in_1", "number": "SHOP-0007", "amount_due": 10800, "currency": "usd",
                         "customer": "cus_1", "attempt_count": 2}}}

`id` is the same on every retry. Events come in any order; `created` is their time, in seconds since 1970. Objects refer
to others, such as `payment_intent`, by id or embed them whole. Amounts are in the currency's smallest unit. The header
`Stripe-Signature: t=<seconds>,v1=<hex>,v1=<hex>` signs `<seconds>.<body>`, with several `v1` during the rotation of a
secret.

A single declined card is no emergency, so failed payments have severity low, and those of one kind share a card; rules
with `at_least` on the label `event` can escalate them. Test data pages nobody.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import ReceivedAlert, identity
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import (
    Loose,
    Shape,
    labels_of,
    measured,
    named_links,
    one_line,
    read_json,
    shaped,
    some_text,
    unix_moment,
)
from bot.sources._signing import is_fresh, is_signed_with

NAME = "stripe"
TITLE = "Stripe"
SECRET = "stripe_webhook_secrets"  # noqa: S105 - the name of a setting
SIGNATURE = "Stripe-Signature"

DASHBOARD = "https://dashboard.stripe.com"
MOST_SIGNATURES = 10

# Currencies whose smallest unit isn't a hundredth.
NO_DIGITS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF"
THREE_DIGITS = "BHD JOD KWD OMR TND"
DIGITS = {**dict.fromkeys(NO_DIGITS.split(), 0), **dict.fromkeys(THREE_DIGITS.split(), 3)}


@dataclass(frozen=True)
class Failure:
    """`what` went wrong, in words; `page`: the dashboard page of its object. `together`: those of one kind share a
    card."""

    what: str
    severity: str
    page: str
    together: bool = True
    # The fields that may hold its identity; the first non-empty one counts.
    keys: Sequence[str] = ("id",)


FAILURES = {
    "invoice.payment_failed": Failure("Payment of {} failed", "low", "invoices"),
    "invoice.payment_action_required": Failure("Payment of {} waits for the customer", "low", "invoices"),
    "payment_intent.payment_failed": Failure("Payment of {} failed", "low", "payments"),
    "charge.failed": Failure("Charge of {} failed", "low", "payments", keys=("payment_intent", "id")),
    "checkout.session.async_payment_failed": Failure("Payment of {} failed", "low", "events"),
    "charge.dispute.created": Failure("Dispute of {}", "high", "disputes", together=False),
    "payout.failed": Failure("Payout of {} failed", "high", "payouts", together=False),
}

_OF_INVOICE = (
    ("invoice.payment_failed", "id"), ("invoice.payment_action_required", "id"),
    ("payment_intent.payment_failed", "payment_intent"), ("charge.failed", "payment_intent"),
)  # fmt: skip
_OF_PAYMENT = (
    ("payment_intent.payment_failed", "id"), ("charge.failed", "id"),
    ("invoice.payment_failed", "invoice"), ("invoice.payment_action_required", "invoice"),
)  # fmt: skip
# For each of these events: the failures it ends, and the field of its object that identifies each.
ENDS: Mapping[str, Sequence[tuple[str, str]]] = {
    **dict.fromkeys(
        ("invoice.paid", "invoice.payment_succeeded", "invoice.voided", "invoice.marked_uncollectible"), _OF_INVOICE
    ),
    "payment_intent.succeeded": _OF_PAYMENT,
    "payment_intent.canceled": _OF_PAYMENT[:2],
    "charge.succeeded": (("charge.failed", "payment_intent"), ("charge.failed", "id")),
    "checkout.session.async_payment_succeeded": (("checkout.session.async_payment_failed", "id"),),
    "charge.dispute.closed": (("charge.dispute.created", "id"),),
}

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


def _as_id(value: object) -> str:
    """The id of a reference, which may be the id or the whole object."""
    own = value.get("id") if isinstance(value, Mapping) else value
    return own if isinstance(own, str) else ""


def _as_object(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


Id = Annotated[str, BeforeValidator(_as_id)]


class _Error(Shape):
    code: Loose = ""
    decline_code: Loose = ""
    message: Loose = ""


class _Object(Shape):
    id: Id
    number: Loose = ""
    amount: Any = None
    amount_due: Any = None
    amount_total: Any = None
    currency: Loose = ""
    customer: Id = ""
    payment_intent: Id = ""
    invoice: Id = ""
    attempt_count: Any = None
    reason: Loose = ""
    failure_code: Loose = ""
    failure_message: Loose = ""
    last_payment_error: Annotated[_Error, BeforeValidator(_as_object)] = Field(default_factory=_Error)

    @property
    def why(self) -> str:
        """The reason in a word or two; '' if not given."""
        error = self.last_payment_error
        code = error.decline_code or error.code or self.failure_code or self.reason
        return code.replace("_", " ").strip()


class _Data(Shape):
    object: _Object


class _Kind(Shape):
    type: str


class _Event(Shape):
    id: Loose = ""
    type: str
    created: Any = None
    livemode: Any = True
    account: Id = ""
    data: _Data

    @property
    def is_test(self) -> bool:
        return self.livemode is False


def is_signed(body: bytes, headers: Headers, secret: str, now: datetime) -> bool:
    parts = [part.strip().partition("=") for part in headers.get(SIGNATURE, "").split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    given = [value for name, _, value in parts if name == "v1"][:MOST_SIGNATURES]
    signed = at.encode("utf-8", "replace") + b"." + body
    return is_fresh(at, now) and any(is_signed_with(secret, signed, one) for one in given)


def delivery(body: bytes, headers: Headers) -> str | None:
    content = read_json(body)
    own = content.get("id") if isinstance(content, Mapping) else None
    return own if isinstance(own, str) and own else None


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    kind = shaped(_Kind, content).type
    if kind not in FAILURES and kind not in ENDS:
        return Reading([], odd=[f"{one_line(kind, 80)} tells of no failure and of no end of one, and was left out"])
    event = shaped(_Event, content)
    if not event.data.object.id:
        raise WrongShape("data.object.id: an object needs one")
    return Reading([_failed(event, FAILURES[kind])] if kind in FAILURES else _ended(event))


def _failed(event: _Event, failure: Failure) -> ReceivedAlert:
    told = event.data.object
    key = next(own for own in (_field(told, name) for name in failure.keys) if own)
    return ReceivedAlert(
        title=_title(told, failure),
        firing=True,
        fingerprint=_fingerprint(event, event.type, key),
        severity=failure.severity,
        description=some_text(told.last_payment_error.message or told.failure_message),
        url=_page(event, failure.page, event.id if failure.page == "events" else key),
        labels=_labels(event),
        group=_fingerprint(event, event.type, "") if failure.together else None,
        starts_at=unix_moment(event.created),
        links=named_links({"Event": _page(event, "events", event.id)}),
        measured=measured({"attempts": told.attempt_count}),
        is_test=event.is_test,
    )


def _ended(event: _Event) -> list[ReceivedAlert]:
    told, at = event.data.object, unix_moment(event.created)
    keys = [(kind, _field(told, name)) for kind, name in ENDS[event.type]]
    return [
        ReceivedAlert(
            title=one_line(event.type), firing=False, fingerprint=_fingerprint(event, kind, key), ends_at=at,
            is_test=event.is_test,
        )
        for kind, key in keys
        if key
    ]  # fmt: skip


def _field(told: _Object, name: str) -> str:
    return str(getattr(told, name))


def _fingerprint(event: _Event, kind: str, key: str) -> str:
    """The identity, separate for each account of a platform and for test data."""
    return identity(" ".join(part for part in (kind, event.account, "test" * event.is_test, key) if part))


def _title(told: _Object, failure: Failure) -> str:
    what = failure.what.format(_money(told)).replace(" of  ", " ").strip().removesuffix(" of")
    what += f" for invoice {told.number or told.id}" if failure.page == "invoices" else ""
    return one_line(f"{what}: {told.why}" if told.why else what)


def _money(told: _Object) -> str:
    """The amount with its currency; '' if not given."""
    amounts = (told.amount_due, told.amount, told.amount_total)
    amount = next((one for one in amounts if isinstance(one, int) and not isinstance(one, bool)), None)
    currency = one_line(told.currency, 10).upper()
    if amount is None or not currency or abs(amount) > 10**15:
        return ""
    digits = DIGITS.get(currency, 2)
    return f"{amount / 10**digits:,.{digits}f} {currency}"


def _labels(event: _Event) -> dict[str, str]:
    told = event.data.object
    found = {
        "event": event.type, "reason": told.why, "currency": told.currency, "customer": told.customer,
        "account": event.account,
    }  # fmt: skip
    return labels_of({name: value for name, value in found.items() if value})


def _page(event: _Event, page: str, own: str) -> str | None:
    """The dashboard page. None for an invalid id, and for the accounts of a platform, whose pages are elsewhere."""
    if event.account or not _ID.fullmatch(own):
        return None
    return f"{DASHBOARD}/{'test/' * event.is_test}{page}/{own}"
