"""An HTTP connection for one response, which accepts what browsers and curl accept, although aiohttp's parser is
strict.

That parser rejects much that is malformed but harmless, and discards a whole response because of bytes after its end.
So head and body framing are read here and rewritten in the form it accepts. A head that can't be understood here is
passed on as it came, so that the parser says what is wrong.
"""

import asyncio
import re
from collections.abc import Iterator

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from bot.probes._http_body import AsItComes, Body, Chunked, OfLength
from bot.probes._http_head import Head, head_in

# curl's limit. Single sign-on sets cookies longer than aiohttp's own limit of 8 KiB.
MOST_HEADER_BYTES = 300 * 1024
END_OF_HEAD = re.compile(rb"\n\r{0,2}\n")
LONGEST_END = 4
# The least a head counts towards the limit, however short: there may be an endless series of interim responses.
LEAST_OF_A_HEAD = 1024


class MalformedBody(aiohttp.ClientPayloadError):
    """Its text says what is wrong."""


class AnswerReader:
    """Takes bytes as they arrive and yields those of one response, the head separately: so the status is known even if
    the body is malformed."""

    def __init__(self) -> None:
        self._come = bytearray()
        self._searched = 0
        self._left_for_heads = MOST_HEADER_BYTES
        self._body: Body | None = None

    def take(self, data: bytes) -> Iterator[bytes]:
        """Raises HttpProcessingError if the head is too long, or if nobody would accept it."""
        self._come += data
        while not self._body and (end := END_OF_HEAD.search(self._come, self._searched)):
            yield self._begun(self._cut(end.end()))
        if self._body:
            yield self._body.take(self._come)
        else:
            self._must_fit(len(self._come))
            self._searched = max(0, len(self._come) - LONGEST_END)

    def ended(self) -> Iterator[bytes]:
        """Handle the end of the connection. It may end a head too, but not in the middle of the status line."""
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
        # Bytes before the request are buffered by aiohttp and delivered again. It also calls with no bytes, to wake up.
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
        """Fail the body with the parser's error; aiohttp itself would leave its readers waiting."""
        body, self._payload = self._payload, None
        if body and not body.is_eof():
            body.set_exception(MalformedBody(getattr(why, "message", "")), why)


class OneAnswerEach(aiohttp.TCPConnector):
    """Opens a new connection per request: a reused one proves little, and the server may close it while it is in
    use."""

    def __init__(self) -> None:
        super().__init__(force_close=True)
        loop = self._loop

        def protocol() -> ResponseHandler:
            return OneAnswer(loop)

        self._factory = protocol  # type: ignore[assignment]
