"""A team's website, which breaks when a story wants it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class Website:
    """`status`: its response status; `visits`: the number of requests."""

    def __init__(self) -> None:
        self.status = 200
        self.visits = 0
        self.url = ""
        self._somebody_came = asyncio.Condition()
        self._held = asyncio.Event()
        self._holding = False

    def breaks(self, status: int = 503) -> None:
        self.status = status

    def recovers(self) -> None:
        self.status = 200

    def holds_back(self) -> None:
        """From now on, requests wait until it `lets_go`."""
        self._holding = True

    def answers_at_once(self) -> None:
        """From now on, new requests are answered; held ones keep waiting."""
        self._holding = False

    def lets_go(self) -> None:
        self._held.set()

    async def visited(self, times: int) -> None:
        """Waits for this many requests."""
        async with self._somebody_came:
            await self._somebody_came.wait_for(lambda: self.visits >= times)

    async def answer(self, request: web.Request) -> web.Response:
        holding = self._holding
        async with self._somebody_came:
            self.visits += 1
            self._somebody_came.notify_all()
        if holding:
            await self._held.wait()
        return web.json_response({"status": "healthy" if self.status == 200 else "ill"}, status=self.status)


@asynccontextmanager
async def a_website() -> AsyncIterator[Website]:
    website = Website()
    app = web.Application()
    app.router.add_get("/{path:.*}", website.answer)
    server = TestServer(app)
    await server.start_server()
    website.url = f"http://127.0.0.1:{server.port}/"
    try:
        yield website
    finally:
        website.lets_go()
        await server.close()
