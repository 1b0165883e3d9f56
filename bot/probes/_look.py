"""What every probe needs: a stopwatch, and words for a connection that could not be made."""

import asyncio
import errno
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from bot.domain.saying import fit_to_show
from bot.runbook import format_duration

T = TypeVar("T")

UNKNOWN_NAME = "this name is not known"
REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was closed without an answer",
    errno.EPIPE: "the connection was closed without an answer",
    errno.EHOSTUNREACH: "there is no way to this host",
    errno.ENETUNREACH: "there is no way to this host",
    errno.ETIMEDOUT: "no answer",
}

# OpenSSL's numbers for what can be wrong with a certificate.
CERTIFICATE_FAULTS = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "nobody vouches for the certificate: it is self-signed",
    19: "nobody vouches for the certificate: its chain ends in one that is not known here",
    20: "nobody vouches for the certificate: its issuer is not known here",
    21: "nobody vouches for the certificate: its issuer is not known here",
    23: "the certificate has been revoked",
    62: "the certificate is for another host",
    64: "the certificate is for another address",
}


class Stopwatch:
    """Runs from its making."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.perf_counter() - self._begun)


def reason_of(error: OSError | UnicodeError) -> str:
    """Why a connection failed, without its address. A name that cannot even be written as one is not known either."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return UNKNOWN_NAME
    # A name with several addresses fails with all their errors in one text.
    said = _words_of(error.errno) if error.errno else reason_in(str(error))
    return said or "the connection failed"


def reason_in(message: str) -> str:
    """Why a connection failed, from the words of an error that has swallowed its cause; '' when they say nothing."""
    if found := re.search(r"\[Errno (-?\d+)\]", message):
        return _words_of(int(found[1]))
    return "no answer" if re.search(r"timed? ?out\b", message) else ""


def tls_reason_of(error: Exception) -> str:
    """Why no TLS came about: the certificate, told apart from a server that speaks something else."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CERTIFICATE_FAULTS.get(error.verify_code, f"the certificate is not valid: {error.verify_message}")
    reason = error.reason if isinstance(error, ssl.SSLError) else fit_to_show(str(error))
    return f"TLS failed: {(reason or 'no agreement').replace('_', ' ').lower()}"


async def in_a_thread(look: Callable[[], T]) -> T:
    """What a call that blocks finds, without stopping anybody. Raises what it raises.

    A thread of its own, which the process does not wait for at its end: a disk that hangs would else take one of the
    few threads that everybody shares, and never give it back.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[T] = loop.create_future()

    def tell(deed: Callable[[], None]) -> None:
        if not found.done():
            deed()

    def run() -> None:
        try:
            result = look()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            loop.call_soon_threadsafe(tell, lambda error=error: found.set_exception(error))
        else:
            loop.call_soon_threadsafe(tell, lambda: found.set_result(result))

    threading.Thread(target=run, daemon=True, name="look").start()
    return await found


def within(slow: timedelta | None) -> str:
    return f"within {format_duration(slow)}" if slow else ""


def _words_of(number: int) -> str:
    """A negative number is one of the look-up of names."""
    return UNKNOWN_NAME if number < 0 else REASONS.get(number, os.strerror(number))
