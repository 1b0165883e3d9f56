"""One answer to each connection, taken where browsers and curl take it, although the client's parser is strict.

The parser refuses much that is malformed and harms nobody, and forgets a whole answer for what follows its end. So the
head and the framing of the body are read here, and handed to it in the form that it takes; a head that is not
understood here goes to it as it came, and it says what is wrong.
"""

import asyncio
import re
from collections.abc import Iterator

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from bot.probes._http_body import AsItComes, Body, Chunked, OfLength
from bot.probes._http_head import Head, head_in

# As much as curl takes: single sign-on sets cookies that are longer than the client's own limit of 8 KiB.
MOST_HEADER_BYTES = 300 * 1024
END_OF_HEAD = re.compile(rb"\n\r{0,2}\n")
LONGEST_END = 4
# So much a head counts, however short it is: of those that come before the answer itself there may be no end.
LEAST_OF_A_HEAD = 1024


class MalformedBody(aiohttp.ClientPayloadError):
    """Its text says what is wrong."""


class AnswerReader:
    """Takes bytes as they come and gives those of one answer, its head by itself: whatever is wrong with the body, the
    status is known."""

    def __init__(self) -> None:
        self._come = bytearray()
        self._searched = 0
        self._left_for_heads = MOST_HEADER_BYTES
        self._body: Body | None = None

    def take(self, data: bytes) -> Iterator[bytes]:
        """Raises HttpProcessingError for a head that is too long, or what nobody takes."""
        self._come += data
        while not self._body and (end := END_OF_HEAD.search(self._come, self._searched)):
            yield self._begun(self._cut(end.end()))
        if self._body:
            yield self._body.take(self._come)
        else:
            self._must_fit(len(self._come))
            self._searched = max(0, len(self._come) - LONGEST_END)

    def ended(self) -> Iterator[bytes]:
        """The connection is over: a head ends there too, but not in the middle of its status."""
        if not self._body:
            whole = self._come.rfind(b"\n") + 1
            head = head_in(bytes(self._come[:whole]))
            yield head.text if head else bytes(self._come)

    def _begun(self, lines: bytes) -> bytes:
        head = head_in(lines)
        if head and head.is_interim:
            return b""
        self._body = _body_of(head)
        return head.text if head else lines

    def _cut(self, end: int) -> bytes:
        self._must_fit(end)
        self._left_for_heads -= max(end, LEAST_OF_A_HEAD)
        cut = bytes(self._come[:end])
        del self._come[:end]
        self._searched = 0
        return cut

    def _must_fit(self, size: int) -> None:
        if size > self._left_for_heads:
            raise HttpProcessingError(message=f"more than {MOST_HEADER_BYTES // 1024} KiB of headers")


def _body_of(head: Head | None) -> Body:
    if head and head.chunked:
        return Chunked()
    return OfLength(head.length) if head and head.length is not None else AsItComes()


class OneAnswer(ResponseHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._answer = AnswerReader()

    def data_received(self, data: bytes) -> None:
        # What comes before anybody asked is kept, and comes again; nothing is what it is waked up with.
        if self._parser is None or not data:
            super().data_received(data)
            return
        self._hand_on(self._answer.take(data))

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._parser is not None and exc is None:
            self._hand_on(self._answer.ended())
        super().connection_lost(exc)

    def _hand_on(self, parts: Iterator[bytes]) -> None:
        try:
            for part in parts:
                if part:
                    super().data_received(part)
        except HttpProcessingError as error:
            self.set_exception(error)
            if self.transport:
                self.transport.close()
        if wrong := self.exception():
            self._break_off(wrong)

    def _break_off(self, why: BaseException) -> None:
        """The client itself lets those who read the body wait on when it cannot be parsed."""
        body, self._payload = self._payload, None
        if body and not body.is_eof():
            body.set_exception(MalformedBody(getattr(why, "message", "")), why)


class OneAnswerEach(aiohttp.TCPConnector):
    """A new connection for every request: an old one proves little, and a server may close it while it is in use."""

    def __init__(self) -> None:
        super().__init__(force_close=True)
        loop = self._loop

        def protocol() -> ResponseHandler:
            return OneAnswer(loop)

        self._factory = protocol  # type: ignore[assignment]
