"""A small website for the health checks of the sandbox, which can be broken with one click."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Website:
    """`/` and `/api/health`; while it is broken both answer 500."""

    def __init__(self) -> None:
        self.is_broken = False
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Website"]:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        status = 500 if self.is_broken else 200
        if request.path.startswith("/api/"):
            body = {
                "status": "failing" if self.is_broken else "healthy",
                "metrics": {"error_rate": 12 if self.is_broken else 0},
            }
            return web.json_response(body, status=status)
        return web.Response(status=status, text="An example website.")
