"""Limits connections to the web door: closes idle ones, and never has so many that file descriptors run out."""

import asyncio
import errno
import logging
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.log import server_logger

from bot.doors.overload import Overload
from bot.logs import Seldom

log = logging.getLogger(__name__)

# From accepting a connection, or from the first byte of a request, to the end of its headers.
HEADERS_WITHIN_S = 10.0
# Between two requests: longer than proxies keep connections, which otherwise would send one into a closing connection.
IDLE_FOR_S = 75.0
MOST_FILES = 65_536
# The rest is for the database, for what we send, and for checks.
SHARE_OF_FILES = 0.5
MOST_CONNECTIONS = 8_192
# Of this process, of the machine, of its network.
NOTHING_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def raise_file_limit() -> None:
    """Raise the limit of open files as far as this account may: every connection needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # If it can't be raised, fewer connections are accepted.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """Computed from the current limit of open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(int(soft * SHARE_OF_FILES), MOST_CONNECTIONS)


@contextmanager
def refusals_seldom_told() -> Iterator[None]:
    """Within the block, log what anybody can cause by connecting only once a minute: that no file descriptor is left
    for a new connection, which the loop hits a hundred times a second, and that something is not HTTP. What was sent is
    never logged: a broken header may be the one with a token. Everything else is logged as before."""
    loop, full, unreadable = asyncio.get_running_loop(), Seldom(log), Seldom(log)
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "socket" in context and isinstance(error, OSError) and error.errno in NOTHING_LEFT:
            full.warn(f"no new connection can be taken: {error.strerror}")
        elif before:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    def is_news(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            unreadable.warn(f"a request cannot be read: {type(error).__name__}")
        return not isinstance(error, HttpProcessingError)

    loop.set_exception_handler(handle)
    server_logger.addFilter(is_news)
    try:
        yield
    finally:
        server_logger.removeFilter(is_news)
        loop.set_exception_handler(before)


def only_paths(server: web.Server) -> None:
    """Ignore the host in a request with an absolute URL: nobody here needs it, and an invalid host would leave the
    connection without an answer."""
    make = server.request_factory

    def made(message: RawRequestMessage, *others: Any) -> web.BaseRequest:
        url = message.url
        return make(message._replace(url=url.relative()) if url.absolute else message, *others)

    server.request_factory = made


class Doorkeeper:
    """Counts the connections of one listening socket. When all places are taken, the connection that has kept us
    waiting longest is closed, be it for headers, a body, the next request, or the reading of our answer. Only those
    waiting for us always stay, and a new one has the most time."""

    def __init__(
        self, places: int, overload: Overload | None = None, *, headers_within_s: float = HEADERS_WITHIN_S
    ) -> None:
        self.headers_within_s = headers_within_s
        self.overload = overload
        self._places = places
        self._inside = 0
        # In the order in which we began to wait.
        self._waited_for: dict[Visit, None] = {}
        self._told = Seldom(log)

    def watched(self, protocol: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """The same protocol factory, with each connection under watch."""
        return lambda: Visit(protocol(), self)

    def admit(self) -> bool:
        """Is there a place, or can one be freed?"""
        if self._inside >= self._places:
            self._told.warn(f"connections={self._places} all places are taken")
            leaving = next(iter(self._waited_for), None)
            if leaving is None:
                return False
            leaving.turn_away()
        self._inside += 1
        return True

    def left(self, visit: "Visit") -> None:
        self._inside -= 1
        self.is_ours(visit)

    def is_theirs(self, visit: "Visit") -> None:
        """From now on we wait for this connection."""
        self.is_ours(visit)
        self._waited_for[visit] = None

    def is_ours(self, visit: "Visit") -> None:
        """This connection waits for us."""
        self._waited_for.pop(visit, None)


class Visit(asyncio.Protocol):
    """One connection: passes everything on, and closes it when a request's headers don't arrive in time."""

    def __init__(self, inner: asyncio.Protocol, keeper: Doorkeeper) -> None:
        self._inner = inner
        self._keeper = keeper
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_served = False
        # Has any of the present or awaited request arrived?
        self._has_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if not self._keeper.admit():
            transport.abort()
            return
        self._transport = transport
        self._wait()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        if self._timer is None and not self._is_served:
            self._wait()
        if not self._has_begun and self._is_too_much(data):
            return
        self._has_begun = True
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return
        self._transport = None
        self._stop_timer()
        self._keeper.left(self)
        self._inner.connection_lost(exc)

    def asked(self, request: web.Request) -> None:
        """The headers are complete: only the body may be missing."""
        self._is_served = True
        self._stop_timer()
        self._keeper.is_theirs(self)
        request.content.on_eof(self._sent)

    def answered(self) -> None:
        """The answer is being sent; after it comes another request, or nothing."""
        self._is_served = self._has_begun = False
        if self._transport:
            self._keeper.is_theirs(self)

    def _sent(self) -> None:
        # The rest of a body that nobody needed arrives after its answer.
        if self._is_served and self._transport:
            self._keeper.is_ours(self)

    def turn_away(self) -> None:
        if self._transport is None:
            return
        transport = self._transport
        # Stop counting it at once: the system reports the closing only later.
        self.connection_lost(None)
        transport.abort()

    def _is_too_much(self, begun: bytes) -> bool:
        """Was it answered at once, because we are overloaded?"""
        answer = self._keeper.overload.answer_to(begun) if self._keeper.overload else None
        if answer is None or self._transport is None:
            return False
        transport = self._transport
        transport.write(answer)
        self.connection_lost(None)
        transport.close()
        return True

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._keeper.headers_within_s, self.turn_away)
        self._keeper.is_theirs(self)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


@web.middleware
async def welcomed(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The outermost middleware: runs once a request's headers are complete."""
    visit = request.transport.get_protocol() if request.transport else None
    if not isinstance(visit, Visit):
        return await handler(request)
    visit.asked(request)
    try:
        return await handler(request)
    finally:
        visit.answered()
