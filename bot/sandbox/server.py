"""The simulated Slack as a loopback server: Web API, Socket Mode, uploads, response URLs, and an SMTP sink."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.sandbox.dated import dated_by
from bot.sandbox.responses import Responses
from bot.sandbox.web_api import WebApi
from bot.sandbox.workspace import Workspace

LARGEST_REQUEST = 64 * 1024 * 1024


class Server:
    """Serves one workspace; `port` 0: any free one. `api_url` is the app's SLACK_API_URL."""

    def __init__(self, workspace: Workspace, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._workspace, self._host, self._port = workspace, host, port
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        return f"{self._workspace.base_url}/api/"

    async def start(self) -> None:
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        await self._workspace.mailbox.start(self._host)
        self._workspace.base_url = f"http://{self._host}:{port}"

    async def stop(self) -> None:
        await self._workspace.close()
        await self._workspace.mailbox.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        workspace = self._workspace
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.on_response_prepare.append(dated_by(workspace.clock.now))
        api = WebApi(workspace, workspace.sockets)
        application.router.add_route("GET", "/api/{method}", api.serve)
        application.router.add_route("POST", "/api/{method}", api.serve)
        application.router.add_get("/link/", workspace.sockets.serve)
        application.router.add_post("/response/{kind}/{team}/{id}", Responses(workspace).serve)
        application.router.add_post("/upload/{id}", self._upload)
        return application

    async def _upload(self, request: web.Request) -> web.Response:
        """The second step of an upload: the bytes, without authorisation."""
        file = self._workspace.files.get(request.match_info["id"])
        content = await request.read()
        if file is None or file.content is not None:
            return web.Response(status=404, text="unknown upload")
        if len(content) != file.length:
            self._workspace.complain("not as long as announced", "upload", f"{len(content)} != {file.length}")
            return web.Response(status=400, text="length does not match")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")


@asynccontextmanager
async def serving(workspace: Workspace) -> AsyncIterator[Server]:
    """The workspace's Slack on a free port, until the block ends."""
    server = Server(workspace)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
