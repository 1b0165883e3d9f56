"""A team's website, which breaks when a story wants it to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class Website:
    """`status` is what it answers; `visits` counts who asked."""

    def __init__(self) -> None:
        self.status = 200
        self.visits = 0
        self.url = ""

    def breaks(self, status: int = 503) -> None:
        self.status = status

    def recovers(self) -> None:
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        self.visits += 1
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
        await server.close()
