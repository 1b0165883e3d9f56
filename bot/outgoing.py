"""The HTTP client of everything that leaves: no request is begun after its time, by no process that was frozen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection

from bot.domain.errors import Unreachable


def _never() -> bool:
    return False


_is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=_never)


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


def http_client(**options: Any) -> aiohttp.ClientSession:
    """One per process."""
    return aiohttp.ClientSession(request_class=PunctualRequest, **options)
