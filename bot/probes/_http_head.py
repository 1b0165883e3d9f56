"""The head of an HTTP answer, read as browsers and curl read it, and written as a strict parser takes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp.http_exceptions import HttpProcessingError

# Browsers and curl set no limit to their number.
MOST_HEADERS = 10_000
# curl takes no other version; whatever it is called, what follows here is HTTP/1.
STATUS_LINE = re.compile(rb"HTTP/(?:1\.[01]|2(?:\.0)?) +([1-9]\d\d)(?!\d)(.*)", re.IGNORECASE | re.DOTALL)
OTHER_PROTOCOL = re.compile(rb"\s*(?:RTSP|ICE)/", re.IGNORECASE)
FOLD = re.compile(rb"\r{0,2}\n[ \t]+")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LENGTH, NUMBER_FIRST = re.compile(rb"\+?(\d{1,18})(?!\w)"), re.compile(rb"\+?\d")
CODINGS = {b"chunked", b"identity", b""}
BODILESS = (101, 204, 304)


@dataclass(frozen=True)
class Head:
    """`length` None: the body is chunked, or as long as the connection lasts."""

    status: int
    chunked: bool
    length: int | None
    text: bytes

    @property
    def is_interim(self) -> bool:
        """Does the answer itself come after this?"""
        return self.status < 200 and self.status != 101


class _Malformed(Exception):
    """Also for browsers, or for curl."""


def head_in(lines: bytes) -> Head | None:
    """From the status line to the last header; None when a browser or curl would not take it either, or when it is out
    of all proportion.

    Raises HttpProcessingError for what the client's parser would take, and nobody else.
    """
    if b"\0" in lines:
        raise HttpProcessingError(message="a NUL byte among the headers")
    if OTHER_PROTOCOL.match(lines):
        raise HttpProcessingError(message="Bad status line: Expected HTTP/")
    first, *rest = FOLD.sub(b" ", lines).split(b"\n")
    line = STATUS_LINE.match(first)
    if not line or len(rest) > MOST_HEADERS:
        return None
    try:
        return _head(int(line[1]), line[2].strip(), list(_fields(rest)))
    except _Malformed:
        return None


def _head(status: int, words: bytes, fields: list[tuple[bytes, bytes]]) -> Head:
    length = _length([value for name, value in fields if name.lower() == b"content-length"])
    chunked = _is_chunked([value for name, value in fields if name.lower() == b"transfer-encoding"])
    if status in BODILESS:
        length, chunked = 0, False
    framing = [(b"Transfer-Encoding", b"chunked")] if chunked else [(b"Content-Length", b"%d" % (length or 0))]
    if status in BODILESS or (length is None and not chunked):
        framing = []
    others = [field for field in fields if field[0].lower() not in (b"content-length", b"transfer-encoding")]
    text = b"\r\n".join(b"%b: %b" % field for field in [*others, *framing])
    first = b"HTTP/1.1 %d %b\r\n" % (status, words.replace(b"\r", b" "))
    return Head(status, chunked, None if chunked else length, first + (text + b"\r\n" if text else b"") + b"\r\n")


def _fields(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Without those whose name is none: nobody can ask for them."""
    for line in lines:
        if not line.strip(b"\r"):
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            raise _Malformed
        if TOKEN.fullmatch(name := name.rstrip(b" \t")):
            yield name, value.strip().replace(b"\r", b" ")


def _length(values: list[bytes]) -> int | None:
    """None: it is not known, or no number that can be meant."""
    stated = {one.strip() for value in values for one in value.split(b",")}
    if not all(NUMBER_FIRST.match(one) for one in stated):
        raise _Malformed
    lengths = {int(found[1]) if (found := LENGTH.match(one)) else None for one in stated}
    if len(lengths) > 1:
        raise _Malformed
    return lengths.pop() if lengths else None


def _is_chunked(values: list[bytes]) -> bool:
    codings = {one.strip().lower() for value in values for one in value.split(b",")}
    if not codings <= CODINGS:
        raise _Malformed
    return b"chunked" in codings
