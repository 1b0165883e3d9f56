"""A proxy mangles Slack's responses: nothing is shown as sent that isn't confirmed, and nothing is created twice."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.workspace import Workspace
from tests.stories.paging.test_reaching import pages
from tests.world import World, words_of

# The headers a proxy passes on. From Date we know how far Slack's clock is from ours.
KEPT = ("Date", "Content-Type", "X-OAuth-Scopes", "Retry-After")
NewWorld = Callable[..., AbstractAsyncContextManager[World]]


class Mangler:
    """A proxy that mangles the first response of each method once `how` is set.

    `passes_on` False: that first request never reaches Slack.
    """

    def __init__(self) -> None:
        self.url = ""
        self.workspace: Workspace | None = None
        self.how, self.passes_on = "", True
        self.mangled: set[str] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method, body = request.match_info["method"], await request.read()
        assert self.workspace is not None
        is_mangled = bool(self.how) and method not in self.mangled
        if is_mangled:
            self.mangled.add(method)
        if is_mangled and not self.passes_on:
            return await self._mangle(request, b'{"ok": true, "ts": "1.1"}')
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Content-Length")}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.workspace.base_url}/api/{method}", params=request.query, data=body, headers=headers
            ) as told,
        ):
            said, kept = await told.read(), {name: told.headers[name] for name in KEPT if name in told.headers}
        if is_mangled:
            return await self._mangle(request, said)
        return web.Response(status=told.status, body=said, headers=kept)

    async def _mangle(self, request: web.Request, said: bytes) -> web.StreamResponse:
        if self.how == "html":
            return web.Response(text="<html><body>Please log in</body></html>", content_type="text/html")
        if self.how == "truncated":
            return web.Response(body=said[:-7], content_type="application/json")
        if self.how == "empty":
            return web.Response(body=b"", content_type="application/json")
        if self.how == "gzip":
            return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})
        answer = web.StreamResponse(headers={"Content-Length": str(len(said) + 1)})
        await answer.prepare(request)
        await answer.write(said)
        assert request.transport is not None
        request.transport.abort()
        return answer


@asynccontextmanager
async def mangled(new_world: NewWorld) -> AsyncIterator[tuple[World, Mangler]]:
    mangler, app = Mangler(), web.Application()
    app.router.add_post("/api/{method}", mangler.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    mangler.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"

    def prepare(workspace: Workspace) -> None:
        mangler.workspace = workspace

    try:
        async with new_world(prepare=prepare, SLACK_API_URL=mangler.url) as world:
            yield world, mangler
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("how", "passes_on"),
    [("html", True), ("html", False), ("truncated", True), ("empty", True), ("gzip", True), ("short", True)],
)
async def test_a_message_whose_response_was_mangled_is_unconfirmed_then_found_and_not_sent_twice(
    new_world: NewWorld, how: str, passes_on: bool
) -> None:
    async with mangled(new_world) as (world, mangler):
        mangler.how, mangler.passes_on = how, passes_on
        await world.eve.types("/incident declare P1 Payments failing", "#general")
        await world.settled()
        assert {"chat.postMessage", "conversations.create"} <= mangler.mangled
        assert [(page["state"], page["unsure"]) for page in await pages(world)] == [("waiting", True)]

        for _ in range(8):
            await world.passes(seconds=20)
        # After twenty seconds nobody is known to have been reached, so the next tier is paged too.
        assert [(page["person"], page["state"]) for page in await pages(world)] == [
            ("ada", "accepted"),
            ("ben", "accepted"),
        ]
        assert [len(world.pages_of(who)) for who in ("ada", "ben")] == [1, 1]
        assert len([one for one in world.workspace.conversations if (one.name or "").startswith("inc-")]) == 1
        for channel in ("#incidents", world.room()):
            said = [words_of(one) for one in world.workspace.messages(channel) if one.subtype is None]
            assert said and len(said) == len(set(said)), said
        assert [str(one) for one in world.workspace.complaints] == []
