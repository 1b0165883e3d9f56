"""The HTTP client of everything that leaves: no request is begun after its time, by no process that was frozen."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection

from bot.domain.errors import Failed, Rejected, Throttled, TocsinError, Unanswered, Unreachable
from bot.garbage import uncollected
from bot.wire.turns import must_have_its_turn

# An attempt from the outbox has twelve seconds; who has not answered by then is looked for before it is tried again.
TIMEOUT_S = 10.0
USER_AGENT = "Tocsin"
LARGEST_ANSWER = 1024 * 1024
# A declaration of XML or a comment may stand before the first tag of a page; some have no tag around the whole.
PAGE_BEGINS_WITHIN = 1024
MARKS_OF_A_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<meta", b"<script")
# What somebody else's server says is shown to people, but not at any length.
SAID_LENGTH = 200
# Of a proxy that wants a password, of a request that came too slowly or too early: none of them is about what was sent.
NO_WORD_OF_REFUSAL = (407, 408, 425)
# Whoever asks for a day means something else, and a page must not wait that long: then it is asked again.
LONGEST_WAIT = timedelta(minutes=5)


def _never() -> bool:
    return False


_is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=_never)


async def _agree() -> None:
    pass


_asked_at_leaving: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("asked_at_leaving", default=_agree)
_told_at_leaving: ContextVar[Callable[[], None]] = ContextVar("told_at_leaving", default=lambda: None)


class TooLate(Unreachable, aiohttp.ClientConnectionError):
    """The time to send this was over; nothing was sent."""


@contextmanager
def only_before(is_over: Callable[[], bool]) -> Iterator[None]:
    """Within the block no request leaves once `is_over` says so; it raises TooLate instead.

    A time-out alone is not enough: in a process that is frozen and wakes up, whatever the loop had ready to run, such
    as the writing of a request, runs before any timer.
    """
    token = _is_over.set(is_over)
    try:
        yield
    finally:
        _is_over.reset(token)


def must_not_be_over() -> None:
    """For what leaves by another way than HTTP, right before it does. Raises TooLate."""
    if _is_over.get()():
        raise TooLate("its time was over before it was sent")


def at_leaving(told: Callable[[], None], ask: Callable[[], Awaitable[None]] = _agree) -> None:
    """When the next request of this task is about to be written to the line, `ask`; when it is written, have `told`
    called. Nothing is sent when `ask` raises an error of ours. Also each time after that."""
    _told_at_leaving.set(told)
    _asked_at_leaving.set(ask)


async def must_be_wanted() -> None:
    """For what leaves by another way than HTTP, right before it does. Raises TooLate, or what was found."""
    await _asked_at_leaving.get()()
    must_not_be_over()


def has_left() -> None:
    """For what leaves by another way than HTTP, when it begins to."""
    _told_at_leaving.get()()


class Yes:
    """Whether the other side has said yes within a block, and the reference it is known by; None: not that we heard."""

    def __init__(self) -> None:
        self.reference: str | None = None

    @classmethod
    @contextmanager
    def heard(cls) -> Iterator["Yes"]:
        yes = cls()
        token = _yes.set(yes)
        try:
            yield yes
        finally:
            _yes.reset(token)


_yes: ContextVar[Yes | None] = ContextVar("yes", default=None)


def accepted(reference: str) -> str:
    """Say so at once where anything is still to be done that may fail, such as to take leave; returns the reference."""
    if yes := _yes.get():
        yes.reference = reference
    return reference


class PunctualRequest(ClientRequest):
    """Asks once more at the last moment: here there is nothing left to wait for but the socket."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        must_not_be_over()
        return await super().send(conn)

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        try:
            # Here, and not before: to connect may have taken long.
            await must_be_wanted()
        except TocsinError as reason:
            # This is a task of its own: who waits for the answer is told through the connection, and closes it. From
            # Python 3.12 on it runs before anybody waits, who then must still find the connection's protocol.
            assert conn.protocol is not None
            conn.protocol.set_exception(reason)
            return
        await super().write_bytes(writer, conn, content_length)
        has_left()


def http_client(**options: Any) -> aiohttp.ClientSession:
    """One per process. How many requests are under way at a time is for those to decide who make them."""
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(request_class=PunctualRequest, connector=connector, **options)


@dataclass(frozen=True)
class Answer:
    """What a server said, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Mapping[str, Any]:
        """The object in the body; empty when there is none."""
        return self._object or {}

    @property
    def is_object(self) -> bool:
        """Is the body a JSON object, be it an empty one?"""
        return self._object is not None

    @cached_property
    def _object(self) -> dict[str, Any] | None:
        try:
            with uncollected():
                found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_web_page(self) -> bool:
        """A whole document for a browser, as proxies and captive portals answer in the place of whoever was asked."""
        began = self.body[:PAGE_BEGINS_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return began.startswith(b"<") and any(mark in began for mark in MARKS_OF_A_PAGE)

    @property
    def shown(self) -> str:
        """What came instead of an answer that can be understood."""
        return f"{self.status}" + (" with a web page" if self.is_web_page else "")


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    whose: str,
    timeout_s: float = TIMEOUT_S,
    largest: int = LARGEST_ANSWER,
    **options: Any,
) -> Answer:
    """One request, never by itself again, that follows no redirect; returns whatever is answered.

    `whose` names the server in errors: an address may hold a secret. Raises Unreachable when nothing was sent,
    Unanswered when it was and no whole answer came, and Held when another one has to get through first.
    """
    must_have_its_turn()
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2)
    try:
        async with session.request(method, url, timeout=timeout, allow_redirects=False, **options) as response:
            body = b"".join([chunk async for chunk in _limited(response, largest)])
            return Answer(response.status, response.headers, body)
    except TooLate:
        raise
    except (aiohttp.InvalidURL, UnicodeError) as error:
        # A name that no name server can be asked for, such as one of two dots, is found out only when it is looked up.
        raise Rejected(f"{whose}: its address cannot be used") from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
        raise Unreachable(f"{whose} cannot be reached: {_reason(error)}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unanswered(f"{whose} did not answer") from error


def refusal(answer: Answer, *, whose: str, now: datetime, is_theirs: bool, why: str = "") -> Failed:
    """The error that an answer other than a yes is; `why` is the server's own reason.

    Asking for time: nothing of ours for now. A no for good is only what the provider documents as its refusal
    (`is_theirs`). Anything else, such as a proxy's page, a redirect, or a fault of theirs, does not tell whether it was
    accepted.
    """
    said = f"{whose} says {answer.shown}" + (f" {shown(why)}" if why else "")
    if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
        return Throttled(said, retry_after(answer, now))
    if is_theirs and 400 <= answer.status < 500 and answer.status not in NO_WORD_OF_REFUSAL:
        return Rejected(said, str(answer.status))
    return Unanswered(said)


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """From seconds or a date; within reason, whatever was asked for. None: nothing that can be understood."""
    retry_after = answer.headers.get("Retry-After", "")
    try:
        asked = _until(retry_after, now) if retry_after[:1].isalpha() else timedelta(seconds=float(retry_after))
    except (ValueError, OverflowError):
        asked = None
    return None if asked is None else min(max(asked, timedelta(seconds=1)), LONGEST_WAIT)


def date_of(answer: Answer) -> datetime | None:
    """When it was given by the clock of whoever gave it, to the second."""
    return date_read(answer.headers.get("Date", ""))


def date_read(text: str) -> datetime | None:
    """A date as HTTP and mails write it, in UTC where it names no zone; None for what is none, or lies outside of any
    calendar: a wrong date is no reason to forget what was said beside it."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def shown(text: str) -> str:
    """As much of somebody else's words as people are shown: one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:SAID_LENGTH]


async def _limited(response: aiohttp.ClientResponse, largest: int) -> Any:
    """Nobody's answer fills our memory: the rest of a longer one is not read."""
    read = 0
    async for chunk in response.content.iter_chunked(65536):
        yield chunk
        read += len(chunk)
        if read >= largest:
            return


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        return shown(cause.strerror or type(cause).__name__)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy says {error.status}"
    return "no connection in time"


def _until(date: str, now: datetime) -> timedelta | None:
    until = date_read(date)
    return until - now if until else None
