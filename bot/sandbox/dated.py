"""Sets the Date header of simulated servers' answers to simulated time."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web

Prepare = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def dated_by(now: Callable[[], datetime]) -> Prepare:
    """A signal handler that sets it on every answer."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(now(), usegmt=True)

    return prepare
