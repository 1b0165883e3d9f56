"""What a server says of its clock: the date of every answer, as the simulated ones are in a time of their own."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web

Prepare = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def dated_by(now: Callable[[], datetime]) -> Prepare:
    """Every answer bears this date."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(now(), usegmt=True)

    return prepare
