"""A provider's server, over real HTTP: it records requests and answers as a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

# PagerDuty's answer for an accepted event; webhooks accept any 2xx.
TAKEN = b'{"status": "success", "message": "Event processed"}'
# What a proxy may answer instead of the provider, and other answers that aren't the provider's.
WEB_PAGE = b"<!DOCTYPE html><html><body><h1>Blocked by the firewall</h1></body></html>"
NO_ANSWERS = [
    (200, WEB_PAGE), (200, b""), (200, b"[]"), (302, b""), (302, WEB_PAGE), (400, WEB_PAGE), (401, WEB_PAGE),
    (403, b""), (403, WEB_PAGE), (404, WEB_PAGE), (407, b"{}"), (408, b"{}"), (422, b"[1]"), (502, WEB_PAGE),
]  # fmt: skip


@dataclass(frozen=True)
class Received:
    """One request, as received."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Provider:
    """`says`: status, headers and body of every answer. `hangs`: it records requests but doesn't answer."""

    says: tuple[int, Mapping[str, str], bytes] = (202, {}, TAKEN)
    hangs: bool = False
    url: str = ""
    received: list[Received] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def answers(self, status: int, body: bytes = TAKEN, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.says, self.hangs = (status, named, body), False

    def release(self) -> None:
        """Answer the requests that hang."""
        self.hangs = False
        self._released.set()

    async def answer(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.raw_path, dict(request.headers), await request.read()))
        if self.hangs:
            await self._released.wait()
        status, headers, body = self.says
        return web.Response(status=status, headers=dict(headers), body=body)


@asynccontextmanager
async def provider(one: Provider | None = None) -> AsyncIterator[Provider]:
    """Serves on a free port until the block ends."""
    one = one or Provider()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", one.answer)
    async with TestServer(application) as server:
        one.url = str(server.make_url("/")).rstrip("/")
        yield one
        one.release()
