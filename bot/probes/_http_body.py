"""Reads the body of an HTTP response from the raw bytes, up to its end; anything after that is ignored.

Each reader consumes what it can of the received bytes, leaves what is incomplete, and returns it in a form that a
strict parser accepts.
"""

import re
from typing import Protocol

from aiohttp.http_exceptions import HttpProcessingError

SIZE = re.compile(rb"0*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
TRAILER = re.compile(rb"(?:([^\n:]*:[^\n]*)|\r?)\n")
# No real chunk extension is longer, and no real response has more trailers.
LONGEST_LINE, MOST_TRAILERS = 16 * 1024, 1000


class Body(Protocol):
    def take(self, come: bytearray) -> bytes: ...


class AsItComes:
    """A body that lasts until the connection is closed."""

    def take(self, come: bytearray) -> bytes:
        taken = bytes(come)
        come.clear()
        return taken


class OfLength:
    def __init__(self, length: int) -> None:
        self._left = length

    def take(self, come: bytearray) -> bytes:
        taken = bytes(come[: self._left])
        self._left -= len(taken)
        come.clear()
        return taken


class Chunked:
    """Chunked encoding, as leniently as browsers and curl: bare LF line ends, and spaces around extensions.

    `take` raises HttpProcessingError for what they reject too. It returns everything received so far as one chunk,
    since a million one-byte chunks would block the event loop.
    """

    def __init__(self) -> None:
        self._left = 0
        self._trailers = 0
        self._next = self._size

    def take(self, come: bytearray) -> bytes:
        data = bytearray()
        while come and self._next(come, data):
            pass
        chunk = b"%x\r\n%b\r\n" % (len(data), bytes(data)) if data else b""
        if self._next == self._end:
            self._next = self._nothing
            chunk += b"0\r\n\r\n"
        return chunk

    def _size(self, come: bytearray, data: bytearray) -> bool:
        if not (found := SIZE.match(come)):
            return _is_yet_to_come(come, "a chunk does not begin with its size")
        self._left = int(found[1], 16)
        self._next = self._data if self._left else self._trailer
        del come[: found.end()]
        return True

    def _data(self, come: bytearray, data: bytearray) -> bool:
        part = come[: self._left]
        del come[: self._left]
        data += part
        self._left -= len(part)
        if not self._left:
            self._next = self._end_of_data
        return True

    def _end_of_data(self, come: bytearray, data: bytearray) -> bool:
        if come == b"\r":
            return False
        if not come.startswith((b"\r\n", b"\n")):
            raise HttpProcessingError(message="a chunk is not as long as it says")
        del come[: 2 if come.startswith(b"\r") else 1]
        self._next = self._size
        return True

    def _trailer(self, come: bytearray, data: bytearray) -> bool:
        """Skip one trailer line; nobody reads trailers."""
        if not (found := TRAILER.match(come)):
            return _is_yet_to_come(come, "what follows the last chunk is no header")
        del come[: found.end()]
        self._trailers += 1
        if self._trailers > MOST_TRAILERS:
            raise HttpProcessingError(message="too many headers follow the last chunk")
        if not found[1]:
            self._next = self._end
        return True

    def _end(self, come: bytearray, data: bytearray) -> bool:
        return False

    def _nothing(self, come: bytearray, data: bytearray) -> bool:
        come.clear()
        return False


def _is_yet_to_come(come: bytearray, otherwise: str) -> bool:
    """False: the line is incomplete and may still turn out valid. Raises HttpProcessingError if it can't."""
    if len(come) >= LONGEST_LINE or b"\n" in come:
        raise HttpProcessingError(message=otherwise)
    return False
