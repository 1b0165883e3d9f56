"""Shared by all probes: a stopwatch, and words for a failed connection."""

import asyncio
import errno
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from bot.runbook import duration_read
from bot.wire.certificates import tls_error_in, tls_reason_of

T = TypeVar("T")

# Several, because two people may run a check at the same moment as the scheduler.
MOST_THAT_HANG = 4

UNKNOWN_NAME = "this name is not known"
CLOSED = "the connection was closed without an answer"
REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: CLOSED,
    errno.EPIPE: CLOSED,
    errno.EHOSTUNREACH: "there is no way to this host",
    errno.ENETUNREACH: "there is no way to this host",
    errno.ETIMEDOUT: "no answer",
}


class Stopwatch:
    """Starts when it is created."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.perf_counter() - self._begun)


def reason_of(error: OSError | UnicodeError) -> str:
    """Why a connection failed, without the address. A name that can't be encoded counts as unknown."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return UNKNOWN_NAME
    # A TLS error's errno is OpenSSL's and must not be looked up as the system's.
    if tls := tls_error_in(error):
        return tls_reason_of(tls)
    if isinstance(error, ConnectionError) and not error.errno:
        return CLOSED
    # For a name with several addresses, one exception holds all their errors as text.
    said = _words_of(error.errno) if error.errno else reason_in(str(error))
    return said or "the connection failed"


def reason_in(message: str) -> str:
    """Why a connection failed, from the text of an error that has lost its cause; '' if the text doesn't tell."""
    if found := re.search(r"\[Errno (-?\d+)\]", message):
        return _words_of(int(found[1]))
    return "no answer" if re.search(r"timed? ?out\b", message) else ""


class NonsenseError(Exception):
    """The answer isn't one that such a server would give."""


class StillLooking(Exception):
    """Earlier looks at the same target are still hanging."""


async def in_a_thread(look: Callable[[], T], name: str) -> T:
    """Run a blocking call without blocking the event loop; return its result or raise its error.

    It gets a daemon thread of its own, which the process doesn't wait for at exit: in the shared pool, a hanging disk
    would use up a worker thread for ever. At most `MOST_THAT_HANG` threads of this name may hang; beyond that it raises
    StillLooking.
    """
    if sum(thread.name == name for thread in threading.enumerate()) >= MOST_THAT_HANG:
        raise StillLooking
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

    threading.Thread(target=run, daemon=True, name=name).start()
    return await found


def within(slow: timedelta | None) -> str:
    return f"within {duration_read(slow)}" if slow else ""


def _words_of(number: int) -> str:
    """A negative number is an error of name resolution."""
    return UNKNOWN_NAME if number < 0 else REASONS.get(number, os.strerror(number))
