"""Checks HMAC-SHA256 signatures in hexadecimal, often over a timestamp."""

import hashlib
import hmac
from datetime import datetime, timedelta

# Anything signed earlier is taken for a replay.
TOLERANCE = timedelta(minutes=5)


def is_signed_with(secret: str, signed: bytes, given: str) -> bool:
    """Is `given` the signature, in upper or lower case? Compares in constant time."""
    digits = given.strip().lower().encode("utf-8", "replace")
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(digits, expected)


def is_fresh(seconds: str, now: datetime) -> bool:
    """Is `seconds` (since 1970, as received) within the tolerance? False for anything that isn't such a number."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return False
    return abs(now.timestamp() - int(seconds)) <= TOLERANCE.total_seconds()
