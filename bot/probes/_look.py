"""What every probe needs: a stopwatch, and words for a connection that could not be made."""

import errno
import os
import re
import socket
import time
from datetime import timedelta

from bot.runbook import format_duration

UNKNOWN_NAME = "this name is not known"
REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was closed without an answer",
    errno.EPIPE: "the connection was closed without an answer",
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


def reason_of(error: OSError) -> str:
    """Why a connection failed, without its address."""
    if isinstance(error, socket.gaierror):
        return UNKNOWN_NAME
    number = error.errno or _first_number(str(error))
    return REASONS.get(number, os.strerror(number)) if number else "the connection failed"


def within(slow: timedelta | None) -> str:
    return f"within {format_duration(slow)}" if slow else ""


def _first_number(message: str) -> int:
    """A name with several addresses fails with all their errors in one text."""
    found = re.search(r"\[Errno (\d+)\]", message)
    return int(found[1]) if found else 0
