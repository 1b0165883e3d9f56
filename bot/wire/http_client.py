"""The HTTP client for everything we send: no request starts after its time is up, even in a process that was frozen."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection

from bot.domain.errors import Rejected, TocsinError, Unanswered, Unreachable
from bot.wire.answers import Answer, shown
from bot.wire.certificates import HTTPS, tls_error_in, tls_reason
from bot.wire.turns import must_have_its_turn

# An attempt of the outbox has twelve seconds; without an answer by then, it is looked for before the next attempt.
TIMEOUT_S = 10.0
USER_AGENT = "Tocsin"
LARGEST_ANSWER = 1024 * 1024


def _never() -> bool:
    return False


_is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=_never)


async def _agree() -> None:
    pass


_asked_at_leaving: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("asked_at_leaving", default=_agree)
_told_at_leaving: ContextVar[Callable[[], None]] = ContextVar("told_at_leaving", default=lambda: None)


class TooLate(Unreachable, aiohttp.ClientConnectionError):
    """The time to send this was up; nothing was sent."""


@contextmanager
def only_before(is_over: Callable[[], bool]) -> Iterator[None]:
    """Within the block no request is sent once `is_over` returns True; it raises TooLate instead.

    A time-out is not enough: when a frozen process wakes up, everything ready in the loop, such as writing a request,
    runs before any timer.
    """
    token = _is_over.set(is_over)
    try:
        yield
    finally:
        _is_over.reset(token)


def must_not_be_over() -> None:
    """For other protocols than HTTP, right before sending. Raises TooLate."""
    if _is_over.get()():
        raise TooLate("its time was over before it was sent")


def at_leaving(told: Callable[[], None], ask: Callable[[], Awaitable[None]] = _agree) -> None:
    """Call `ask` right before the next request of this task is written to the socket, and `told` right after. Nothing
    is sent when `ask` raises an error of ours. Applies to all later requests too."""
    _told_at_leaving.set(told)
    _asked_at_leaving.set(ask)


async def must_be_wanted() -> None:
    """For other protocols than HTTP, right before sending. Raises TooLate, or what `ask` raises."""
    await _asked_at_leaving.get()()
    must_not_be_over()


def has_left() -> None:
    """For other protocols than HTTP, when sending begins."""
    _told_at_leaving.get()()


class Yes:
    """Whether the other side accepted within a block, and its reference; None: not as far as we heard."""

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
    """Report an acceptance at once, before anything that may still fail, such as a QUIT; returns the reference."""
    if yes := _yes.get():
        yes.reference = reference
    return reference


class PunctualRequest(ClientRequest):
    """Checks once more at the last moment, when only the socket is left to wait for."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        must_not_be_over()
        return await super().send(conn)

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        try:
            # Here and not earlier, because connecting may have taken long.
            await must_be_wanted()
        except TocsinError as reason:
            # This runs as a separate task: the task awaiting the response gets the error through the connection, and
            # closes it. From Python 3.12 on it may run before anybody waits, who must then still find the connection's
            # protocol.
            assert conn.protocol is not None
            conn.protocol.set_exception(reason)
            return
        await super().write_bytes(writer, conn, content_length)
        has_left()


def http_client(**options: Any) -> aiohttp.ClientSession:
    """One per process. Unlimited: its callers decide how many requests run at a time."""
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(request_class=PunctualRequest, connector=connector, **options)


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
    """A single request, without retries or redirects; returns whatever response comes.

    `whose` names the server in errors, because an address may contain a secret. Raises Unreachable when nothing was
    sent, Unanswered when it was and no complete response came, and Held when a probe has to get through first.
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
        # A name that DNS can't be asked for, such as one with two dots, only fails at the lookup.
        raise Rejected(f"{whose}: its address cannot be used") from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
        raise Unreachable(f"{whose} cannot be reached: {await _reason(error)}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unanswered(f"{whose} did not answer") from error


async def _limited(response: aiohttp.ClientResponse, largest: int) -> Any:
    """Limits memory: the rest of a longer response is not read."""
    read = 0
    async for chunk in response.content.iter_chunked(65536):
        yield chunk
        read += len(chunk)
        if read >= largest:
            return


async def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and (tls := tls_error_in(error)):
        return await tls_reason(tls, error.host, error.port or HTTPS)
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        return shown(cause.strerror or type(cause).__name__)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy says {error.status}"
    return "no connection in time"
