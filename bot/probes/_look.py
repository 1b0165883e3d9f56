"""What every probe needs: a stopwatch, and words for a connection that could not be made."""

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

# Two people may ask at the same instant as the clock does.
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
    # Its number is OpenSSL's, and would be read as one of the system's.
    if tls := tls_error_in(error):
        return tls_reason_of(tls)
    if isinstance(error, ConnectionError) and not error.errno:
        return CLOSED
    # A name with several addresses fails with all their errors in one text.
    said = _words_of(error.errno) if error.errno else reason_in(str(error))
    return said or "the connection failed"


def reason_in(message: str) -> str:
    """Why a connection failed, from the words of an error that has swallowed its cause; '' when they say nothing."""
    if found := re.search(r"\[Errno (-?\d+)\]", message):
        return _words_of(int(found[1]))
    return "no answer" if re.search(r"timed? ?out\b", message) else ""


class NonsenseError(Exception):
    """What came is not what such a server answers."""


class StillLooking(Exception):
    """Earlier looks at the same have not come back."""


async def in_a_thread(look: Callable[[], T], name: str) -> T:
    """What a call that blocks finds, without stopping anybody. Raises what it raises.

    A thread of its own, which the process does not wait for at its end: a disk that hangs would else take one of the
    few threads that everybody shares, and never give it back. Of those with this name a few may hang, and no more for
    each look of a night: then it raises StillLooking.
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
    """A negative number is one of the look-up of names."""
    return UNKNOWN_NAME if number < 0 else REASONS.get(number, os.strerror(number))
