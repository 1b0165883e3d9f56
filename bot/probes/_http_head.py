"""Parses the head of an HTTP response as leniently as browsers and curl, and rewrites it for a strict parser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp.http_exceptions import HttpProcessingError

# Our own limit; browsers and curl have none.
MOST_HEADERS = 10_000
# The versions curl accepts. Whatever it claims, what follows is parsed as HTTP/1.
STATUS_LINE = re.compile(rb"HTTP/(?:1\.[01]|2(?:\.0)?) +([1-9]\d\d)(?!\d)(.*)", re.IGNORECASE | re.DOTALL)
OTHER_PROTOCOL = re.compile(rb"\s*(?:RTSP|ICE)/", re.IGNORECASE)
FOLD = re.compile(rb"\r{0,2}\n[ \t]+")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LENGTH, NUMBER_FIRST = re.compile(rb"\+?(\d{1,18})(?!\w)"), re.compile(rb"\+?\d")
CODINGS = {b"chunked", b"identity", b""}
BODILESS = (101, 204, 304)


@dataclass(frozen=True)
class Head:
    """`length` None: the body is chunked, or lasts until the connection is closed."""

    status: int
    chunked: bool
    length: int | None
    text: bytes

    @property
    def is_interim(self) -> bool:
        """Is this an interim (1xx) response, to be followed by the final one?"""
        return self.status < 200 and self.status != 101


class _Malformed(Exception):
    """Malformed for browsers, or for curl, too."""


def head_in(lines: bytes) -> Head | None:
    """Parse from the status line to the last header. None: browsers or curl would reject it too, or it has too many
    headers.

    Raises HttpProcessingError for what only the HTTP client's parser would accept.
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
    """The headers, without those whose name is invalid: nobody can ask for them."""
    for line in lines:
        if not line.strip(b"\r"):
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            raise _Malformed
        if TOKEN.fullmatch(name := name.rstrip(b" \t")):
            yield name, value.strip().replace(b"\r", b" ")


def _length(values: list[bytes]) -> int | None:
    """None: not given, or not a usable number."""
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
