"""The HTTP client of everything that leaves: no request is begun after its time, by no process that was frozen."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection

from bot.domain.errors import Failed, RateLimited, Rejected, Unanswered, Unreachable

# An attempt from the outbox has twelve seconds; who has not answered by then is looked for before it is tried again.
PATIENCE_S = 10.0
LARGEST_ANSWER = 1024 * 1024
# What somebody else's server says is shown to people, but not at any length.
SAID_LENGTH = 200
USUAL_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


def _never() -> bool:
    return False


_is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=_never)
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


def tell_at_leaving(told: Callable[[], None]) -> None:
    """Have it called when the next request of this task is written to the line; also each time after that."""
    _told_at_leaving.set(told)


def has_left() -> None:
    """For what leaves by another way than HTTP, when it begins to."""
    _told_at_leaving.get()()


class PunctualRequest(ClientRequest):
    """Asks once more at the last moment: here there is nothing left to wait for but the socket."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        must_not_be_over()
        return await super().send(conn)

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        try:
            must_not_be_over()
        except TooLate as late:
            # This is a task of its own: who waits for the answer is told through the connection.
            assert conn.protocol is not None
            conn.protocol.set_exception(late)
            conn.close()
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
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300


async def ask(
    session: aiohttp.ClientSession, method: str, url: str, *, whose: str, patience_s: float = PATIENCE_S, **options: Any
) -> Answer:
    """One request, never by itself again, that follows no redirect; returns whatever is answered.

    `whose` names the server in errors: an address may hold a secret. Raises Unreachable when nothing was sent,
    Unanswered when it was and no whole answer came.
    """
    patience = aiohttp.ClientTimeout(total=patience_s, connect=patience_s / 2)
    try:
        async with session.request(method, url, timeout=patience, allow_redirects=False, **options) as response:
            body = b"".join([chunk async for chunk in _limited(response)])
            return Answer(response.status, response.headers, body)
    except TooLate:
        raise
    except aiohttp.InvalidURL as error:
        raise Rejected(f"{whose}: its address cannot be used") from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Unreachable(f"{whose} cannot be reached: {_reason(error)}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unanswered(f"{whose} did not answer") from error


def refusal(answer: Answer, *, whose: str, now: datetime, why: str = "") -> Failed:
    """The error that an answer other than a yes is; `why` is the server's own reason.

    Busy, or asking for patience: later. A fault of theirs: it may have been accepted. Anything else is a no for good.
    """
    said = f"{whose} says {answer.status}" + (f" {shown(why)}" if why else "")
    waits = "Retry-After" in answer.headers
    if answer.status == 429 or (answer.status == 503 and waits):
        return RateLimited(said, _patience_asked(answer.headers.get("Retry-After", ""), now))
    if answer.status in (408, 425) or answer.status >= 500:
        return Unanswered(said)
    return Rejected(said, str(answer.status))


def shown(text: str) -> str:
    """As much of somebody else's words as people are shown: one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:SAID_LENGTH]


async def _limited(response: aiohttp.ClientResponse) -> Any:
    """Nobody's answer fills our memory: the rest of a longer one is not read."""
    read = 0
    async for chunk in response.content.iter_chunked(65536):
        yield chunk
        read += len(chunk)
        if read >= LARGEST_ANSWER:
            return


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        return shown(cause.strerror or type(cause).__name__)
    return "no connection in time"


def _patience_asked(retry_after: str, now: datetime) -> timedelta:
    """From seconds or a date; within reason, whatever was asked for."""
    try:
        asked = timedelta(seconds=float(retry_after)) if not retry_after[:1].isalpha() else _until(retry_after, now)
    except (ValueError, OverflowError, TypeError):
        asked = USUAL_WAIT
    return min(max(asked, timedelta(seconds=1)), LONGEST_WAIT)


def _until(date: str, now: datetime) -> timedelta:
    return parsedate_to_datetime(date) - now
