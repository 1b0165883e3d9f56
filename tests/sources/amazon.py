"""A stand-in for Amazon SNS: a certificate at a URL, and messages signed with its key."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.at_hand import ROOT

HOST = "sns.eu-west-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms-critical"
SUBSCRIBE = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
NOTIFICATION: dict[str, Any] = json.loads((ROOT / "bot/sandbox/samples/sns.json").read_text())
ALARM: dict[str, Any] = json.loads(NOTIFICATION["Message"])
CONFIRMATION = {
    "Type": "SubscriptionConfirmation", "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b", "Token": "2336412f37",
    "TopicArn": TOPIC, "Message": "You have chosen to subscribe to the topic.", "SubscribeURL": SUBSCRIBE,
    "Timestamp": "2026-08-06T12:30:00.000Z",
}  # fmt: skip
ENDED = CONFIRMATION | {"Type": "UnsubscribeConfirmation", "MessageId": "47138184-6831-46b8-8f7c-afc488602d7d"}
HASHES = {"1": SHA1, "2": SHA256}


class Signer:
    """A key with its certificate; `address` is the certificate's claimed URL."""

    def __init__(self, name: str = "0123456789abcdef") -> None:
        self.address = f"https://{HOST}/SimpleNotificationService-{name}.pem"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = _certificate(self._key)

    def signed(self, message: Mapping[str, Any], version: str = "1") -> dict[str, Any]:
        """Sign as Amazon documents it: certain fields, name and value each on a line of its own."""
        names = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        signature = self._key.sign(text.encode(), PKCS1v15(), HASHES[version]())
        own = {"SignatureVersion": version, "Signature": b64encode(signature).decode(), "SigningCertURL": self.address}
        return {**message, **own}


@cache
def amazon() -> Signer:
    return Signer()


def notification(message: object, **changed: Any) -> dict[str, Any]:
    """`message`: text, or an object to be sent as JSON."""
    text = message if isinstance(message, str) else json.dumps(message)
    return NOTIFICATION | {"Message": text} | changed


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, begins + timedelta(days=400))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)
