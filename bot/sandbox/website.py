"""A small website for the sandbox's health checks and webhooks, which can be broken with one click."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.sandbox.mailbox import Mailbox

# Prefixes: pages that answer with the requested status (`?status=204`), and webhooks.
CHECKED, HOOKS = "/checked/", "/hooks/"


class Website:
    """`/` and `/api/health`, which answer 500 while it is broken. Webhook posts are shown in the mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.is_broken = False
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Website"]:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        application.router.add_post(HOOKS + "{name}", self._take)
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
        if request.path.startswith(CHECKED) and not self.is_broken:
            return web.Response(status=int(request.query.get("status", "200")))
        if request.path.startswith("/api/"):
            body = {
                "status": "failing" if self.is_broken else "healthy",
                "metrics": {"error_rate": 12 if self.is_broken else 0},
            }
            return web.json_response(body, status=status)
        return web.Response(status=status, text="An example website.")

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self._mailbox.add("webhook", name, f"Webhook to {name}", await request.text())
        return web.Response(status=204)
