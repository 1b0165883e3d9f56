"""How systems sign what they send: with HMAC-SHA256, in hexadecimal digits, often together with the time."""

import hashlib
import hmac
from datetime import datetime, timedelta

# What was signed longer ago is somebody's copy.
TOLERANCE = timedelta(minutes=5)


def is_signed_with(secret: str, signed: bytes, given: str) -> bool:
    """`given` as it came, whatever its capitals. Compares in constant time."""
    digits = given.strip().lower().encode("utf-8", "replace")
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(digits, expected)


def is_fresh(seconds: str, now: datetime) -> bool:
    """`seconds` since 1970, as they came; False for what is no such number, and for what is too old or too new."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return False
    return abs(now.timestamp() - int(seconds)) <= TOLERANCE.total_seconds()
