"""Amazon SNS: a topic that forwards its messages here, mostly CloudWatch alarms
(docs.aws.amazon.com/sns, “HTTP/HTTPS notification JSON format”, “Verifying the signatures of Amazon SNS messages”).

    {"Type": "Notification", "MessageId": "22b8…", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms-critical",
     "Subject": "…", "Message": "{\\"AlarmName\\": …}", "Timestamp": "2026-08-06T12:32:08.123Z",
     "SignatureVersion": "1", "Signature": "…", "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/….pem"}

Posted as `text/plain`. Anybody can get Amazon to sign a message, so the signature is required in addition to the token,
never instead. Raw delivery has no envelope and no signature, only headers `x-amz-sns-…`. A subscription is confirmed by
a request to its `SubscribeURL`. `_published.py` reads the message inside.
"""

import asyncio
import importlib
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from bot.domain.alerts.received import ReceivedAlert, identity
from bot.domain.errors import Failed, Refused, Rejected, Unreachable
from bot.sources import Fetch, Headers, Reading, WrongShape
from bot.sources._published import Published, is_alarm, reading_of
from bot.sources._shapes import Loose, Shape, one_line, read_json, shaped

NAME = "sns"
TITLE = "Amazon SNS"

# The region is required in the host name: `sns.s3.amazonaws.com` could be anybody's bucket.
HOST = r"https://sns\.[a-z]{2}(?:-[a-z]{2,12}){1,3}-\d{1,2}\.amazonaws\.com(?:\.cn)?/"
CERTIFICATE = re.compile(HOST + r"[A-Za-z0-9_-]{1,200}\.pem")
CONFIRMATION = re.compile(HOST + r"\?Action=ConfirmSubscription&[!-~]{1,2000}")
NOTIFICATION, CONFIRMED, ENDED = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
ABOUT_A_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMED: ABOUT_A_SUBSCRIPTION,
    ENDED: ABOUT_A_SUBSCRIPTION,
}  # fmt: skip
# Amazon has a few certificates per region.
MOST_CERTIFICATES = 50
_certificates: dict[str, bytes] = {}


class _Envelope(Shape):
    Type: Loose = ""
    TopicArn: Loose = ""
    Subject: Loose = ""
    Message: Loose = ""
    SubscribeURL: Loose = ""


async def is_genuine(body: bytes, fetch: Fetch) -> bool:
    """Is the signature Amazon's? True also without an envelope. Raises Unreachable if the certificate can't be fetched
    now."""
    message = _envelope(body)
    if message is None:
        return True
    parts = [message.get(name) for name in ("SigningCertURL", "SignatureVersion", "Signature")]
    signed = [(name, message[name]) for name in SIGNED[message["Type"]] if message.get(name) is not None]
    if not all(isinstance(one, str) for one in (*parts, *(value for _, value in signed))):
        return False
    address, version, signature = map(str, parts)
    if not CERTIFICATE.fullmatch(address):
        return False
    try:
        given = b64decode(signature, validate=True)
        text = "".join(f"{name}\n{value}\n" for name, value in signed).encode()
        certificate = _certificates.get(address) or await _fetched(address, fetch)
    except (ValueError, Rejected):
        return False
    # In a thread, because the first call loads a slow library.
    library = await asyncio.to_thread(importlib.import_module, "bot.sources._sns_signature")
    if not library.is_signed_by(certificate, version, text, given):
        return False
    _keep(address, certificate)
    return True


async def _fetched(address: str, fetch: Fetch) -> bytes:
    """Fetch the certificate. Raises Rejected if there is none, Unreachable if it can't be fetched now."""
    try:
        found = await fetch(address)
    except Rejected:
        raise
    except Failed as error:
        raise Unreachable("Amazon's certificate cannot be fetched") from error
    if b"-----BEGIN CERTIFICATE-----" not in found:
        raise Unreachable("something else came in the place of Amazon's certificate")
    return found


def _keep(address: str, certificate: bytes) -> None:
    """Cache the certificate without expiry: Amazon puts a new one at a new URL. Call only after it has verified a
    message, so that nothing wrong can be cached until the next start."""
    if len(_certificates) >= MOST_CERTIFICATES:
        _certificates.clear()
    _certificates[address] = certificate


def parse(body: bytes, headers: Headers) -> Reading:
    message = _envelope(body)
    if message is None:
        return _raw(body, headers)
    envelope = shaped(_Envelope, message)
    if envelope.Type == NOTIFICATION:
        return reading_of(Published(envelope.Message, envelope.TopicArn, envelope.Subject))
    if envelope.Type == ENDED:
        return Reading([_subscription(envelope, is_ended=True)])
    if not CONFIRMATION.fullmatch(envelope.SubscribeURL):
        raise WrongShape("SubscribeURL: it is no address of Amazon SNS, so nothing was confirmed")
    return Reading([_subscription(envelope, is_ended=False)], confirm=envelope.SubscribeURL)


def delivery(body: bytes, headers: Headers) -> str | None:
    try:
        found = (_envelope(body) or {}).get("MessageId") or headers.get("x-amz-sns-message-id")
    except Refused:
        return None
    return found if isinstance(found, str) and found else None


def _envelope(body: bytes) -> Mapping[str, Any] | None:
    """The SNS envelope; None if there is none, as with raw delivery."""
    try:
        content = read_json(body)
    except Refused:
        return None
    kind = content.get("Type") if isinstance(content, Mapping) else None
    return content if isinstance(kind, str) and kind in SIGNED else None


def _raw(body: bytes, headers: Headers) -> Reading:
    topic = headers.get("x-amz-sns-topic-arn", "")
    if topic or "x-amz-sns-rawdelivery" in headers:
        return reading_of(Published(body.decode("utf-8", "replace"), topic))
    content = read_json(body)
    if not is_alarm(content):
        raise WrongShape("Type: the body is neither an envelope of SNS nor an alarm of CloudWatch")
    return reading_of(Published(body.decode("utf-8", "replace")))


def _subscription(envelope: _Envelope, *, is_ended: bool) -> ReceivedAlert:
    """An alert that fires when the subscription to a topic ends, and resolves when it is subscribed to again."""
    topic = envelope.TopicArn.rpartition(":")[2] or "a topic"
    return ReceivedAlert(
        title=one_line(f"Alarms of the SNS topic {topic} no longer arrive: its subscription was ended"),
        firing=is_ended,
        fingerprint=identity(f"subscription {envelope.TopicArn}"),
        severity="warning",
        labels={"topic": one_line(topic)},
    )
