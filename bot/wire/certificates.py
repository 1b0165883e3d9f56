"""Why a TLS connection failed, in words: a bad certificate, as opposed to a server without TLS."""

import asyncio
import importlib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bot.domain.saying import fit_to_show

# The second connection only improves the wording, and the caller's attempt has a time limit.
LOOK_WITHIN_S = 2.0
NAMES_SHOWN = 2
HTTPS = 443

# OpenSSL's codes for certificate errors.
NOT_YET, EXPIRED, SELF_SIGNED, SELF_SIGNED_CHAIN, REVOKED = 9, 10, 18, 19, 23
OF_NO_ISSUER = (20, 21)
OF_ANOTHER = (62, 64)
# And its words for them, for drivers that keep nothing else.
SAID = {
    "not yet valid": NOT_YET, "has expired": EXPIRED, "self-signed certificate in": SELF_SIGNED_CHAIN,
    "self signed certificate in": SELF_SIGNED_CHAIN, "self-signed": SELF_SIGNED, "self signed": SELF_SIGNED,
    "local issuer": OF_NO_ISSUER[0], "first certificate": OF_NO_ISSUER[1], "revoked": REVOKED,
    "mismatch": OF_ANOTHER[0],
}  # fmt: skip

# OpenSSL's names for failed handshakes.
TOO_OLD = "the server speaks no version of TLS that is accepted here (1.2 or later)"
NO_TLS = "the server does not speak TLS on this port"
TLS_FAULTS = {
    "UNSUPPORTED_PROTOCOL": TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": TOO_OLD,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server refuses: no cipher in common, or it wants a client certificate",
    "TLSV1_UNRECOGNIZED_NAME": "the server has no site of this name",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate",
    "WRONG_VERSION_NUMBER": NO_TLS,
    "RECORD_LAYER_FAILURE": NO_TLS,
    "UNEXPECTED_EOF_WHILE_READING": "the connection was closed in the middle",
}
# How Python writes such an error: `[SSL: NAME] words: more words (_ssl.c:1006)`.
_WRITTEN = re.compile(r"\[SSL: (?P<name>[A-Z0-9_]{1,80})\] ?(?P<words>[^\n]{0,300}?) ?\(_ssl\.c:\d{1,6}\)")


@dataclass(frozen=True)
class Certificate:
    """The certificate a server shows: its names, issuer (None: not stated), and validity."""

    names: tuple[str, ...]
    issuer: str | None
    valid_from: datetime
    valid_until: datetime


def tls_error_in(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS error that this error is or was caused by; None: it is about something else."""
    return next(
        (one for one in causes_of(error) if isinstance(one, ssl.SSLError) and getattr(one, "reason", None)), None
    )


def of_another_host() -> ssl.SSLCertVerificationError:
    """The error TLS itself would raise, for libraries that compare host names themselves."""
    error = ssl.SSLCertVerificationError(1, "Hostname mismatch")
    error.verify_code = OF_ANOTHER[0]
    return error


async def tls_reason(
    error: Exception,
    host: str,
    port: int,
    greet: Callable[[socket.socket], None] | None = None,
    *,
    within_s: float = LOOK_WITHIN_S,
) -> str:
    """Why TLS with this server failed. For a certificate error, connects once more to describe it, if that succeeds in
    time."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return tls_reason_of(error)
    try:
        # Each step has its own time-out, and a slow server or DNS can add up many.
        async with asyncio.timeout(within_s):
            seen = await asyncio.to_thread(certificate_of, host, port, greet)
    except TimeoutError:
        seen = None
    return tls_reason_of(error, seen, host)


def tls_reason_at(error: ssl.SSLError, url: str) -> str:
    """The same, blocking, for the server at this URL."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return tls_reason_of(error)
    parts = urlsplit(url)
    host = parts.hostname or ""
    return tls_reason_of(error, certificate_of(host, parts.port or HTTPS), host)


def tls_reason_of(error: Exception, seen: Certificate | None = None, host: str = "") -> str:
    """From the error alone, if nothing more is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_fault(error.verify_code, seen, host) or (
            f"the certificate is not valid: {fit_to_show(error.verify_message)}"
        )
    reason = (error.reason if isinstance(error, ssl.SSLError) else fit_to_show(str(error))) or "no agreement"
    return _no_agreement(reason)


def without_code(said: str) -> str:
    """A library's message, with any TLS error in it put into our words."""
    found = _WRITTEN.search(said)
    if not found:
        return said
    if found["name"] != "CERTIFICATE_VERIFY_FAILED":
        return _no_agreement(found["name"])
    code = next((code for words, code in SAID.items() if words in found["words"].lower()), 0)
    return _certificate_fault(code, None, "") or "the certificate is not valid"


def certificate_of(host: str, port: int, greet: Callable[[socket.socket], None] | None = None) -> Certificate | None:
    """The certificate the server shows, valid or not; sends only what begins TLS. None: it shows none now.

    `greet` brings the connection to where TLS begins. Blocks.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), LOOK_WITHIN_S) as line:
            if greet:
                greet(line)
            with context.wrap_socket(line, server_hostname=host) as tls:
                shown = tls.getpeercert(binary_form=True)
        # Imported lazily: most processes never need it, and it takes a while.
        reading = importlib.import_module("bot.wire._certificate_read")
        found: Certificate | None = Certificate(*reading.read(shown)) if shown else None
    except (OSError, ValueError):
        return None
    return found


def _certificate_fault(code: int, seen: Certificate | None, host: str) -> str:
    """'' when we have no words for it."""
    now = datetime.now(UTC)
    if code == EXPIRED:
        # Another certificate of the chain may have expired instead.
        is_it = seen is not None and seen.valid_until <= now
        return (
            f"the certificate expired on {_day(seen.valid_until)}" if seen and is_it else "the certificate has expired"
        )
    if code == NOT_YET:
        is_it = seen is not None and seen.valid_from > now
        said = f"the certificate is not valid before {_day(seen.valid_from)}" if seen and is_it else ""
        return said or "the certificate is not valid yet"
    if code in OF_ANOTHER:
        whose = f"{_listed(seen.names)}, not {host}" if seen and seen.names and host else "another host"
        return f"the certificate is for {whose}"
    if code in (SELF_SIGNED, SELF_SIGNED_CHAIN, *OF_NO_ISSUER):
        return f"the certificate is signed by nobody we trust{_signer(code, seen)}"
    return "the certificate has been revoked" if code == REVOKED else ""


def _signer(code: int, seen: Certificate | None) -> str:
    if code == SELF_SIGNED:
        return ": it is self-signed"
    return f": by “{fit_to_show(seen.issuer)}”" if seen and seen.issuer else ""


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(fit_to_show(name) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _no_agreement(reason: str) -> str:
    return f"TLS failed: {TLS_FAULTS.get(reason) or reason.replace('_', ' ').lower()}"


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything that caused it, wherever libraries keep that."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        kept = getattr(one, "kwargs", None)
        inner = kept.get("error") if isinstance(kept, dict) else None
        left += [getattr(one, name, None) for name in ("os_error", "certificate_error", "reason")]
        left += [inner, one.__cause__, one.__context__, *one.args]
