"""Who may use the page: only a browser on this machine that loaded it in this run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from bot.sandbox.page_guard import PageGuard, is_loopback
from tests.sandbox.page.browsing import Surroundings


@asynccontextmanager
async def asking(served: web.AppRunner) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    base = f"http://127.0.0.1:{served.addresses[0][1]}"
    async with aiohttp.ClientSession(base, cookie_jar=jar) as session:
        yield session


@pytest.fixture
async def served(workspace: object, clock: object) -> AsyncIterator[web.AppRunner]:
    runner = await Surroundings(workspace, clock).serve()  # type: ignore[arg-type]
    yield runner
    await runner.cleanup()


async def test_whoever_opened_the_page_may_use_it_and_nobody_else(served: web.AppRunner) -> None:
    async with asking(served) as session:
        async with session.get("/sandbox/state") as answer:
            assert answer.status == 403
        async with session.get("/") as answer:
            assert answer.status == 200
        async with session.get("/sandbox/state") as answer:
            assert answer.status == 200
            assert [one["what"] for one in (await answer.json())["replaced"]] == ["health.checks.website"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "192.0.2.1", "[2001:db8::1]", "", "@"])
@pytest.mark.parametrize("path", ["/", "/sandbox/state"])
async def test_a_foreign_host_is_refused(served: web.AppRunner, host: str, path: str) -> None:
    async with asking(served) as session:
        await (await session.get("/")).read()
        async with session.get(path, headers={"Host": host}) as answer:
            assert answer.status in (400, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null"])
async def test_a_foreign_page_opens_no_websocket_and_posts_nothing(served: web.AppRunner, origin: str) -> None:
    async with asking(served) as session:
        await (await session.get("/")).read()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect("/sandbox/live", origin=origin)
        body = {"as": "U0ADA", "id": "break"}
        async with session.post("/sandbox/happen", json=body, headers={"Origin": origin}) as answer:
            assert answer.status == 403


# Raw requests a local program can send but no browser would.
HOSTILE = [
    (b"GET /sandbox/state", b"Cookie: {cookie}=\xff\r\n"), (b"GET /sandbox/state", b"Cookie: {cookie}=\xc3\xa4\r\n"),
    (b"GET /", b"Origin: http://[\r\n"), (b"GET /sandbox/live", b"Origin: http://\xff[\r\n"),
    (b"GET /%73andbox/state", b""), (b"GET /sandbox/page/../state", b""),
    (b"GET /sandbox/page/%2e%2e/%2e%2e/web_api.py", b""),
]  # fmt: skip


@pytest.mark.parametrize(("request_line", "header"), HOSTILE)
async def test_a_request_no_browser_would_send_is_refused_without_an_error(
    workspace: object, clock: object, request_line: bytes, header: bytes
) -> None:
    surroundings = Surroundings(workspace, clock)  # type: ignore[arg-type]
    runner = await surroundings.serve()
    try:
        host = f"127.0.0.1:{runner.addresses[0][1]}".encode()
        header = header.replace(b"{cookie}", surroundings.guard.cookie.encode())
        reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
        writer.write(request_line + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n" + header + b"\r\n")
        assert b" 403 " in await reader.readline()
        writer.close()
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"[" * 100_000, b'{"as": 7}', b'{"as": "ada", "state": 7}'])
@pytest.mark.parametrize("deed", ["say", "press", "clock", "happen", "answer", "submit"])
async def test_an_impossible_action_is_explained_without_an_error(
    served: web.AppRunner, deed: str, body: bytes
) -> None:
    async with asking(served) as session:
        await (await session.get("/")).read()
        headers = {"Content-Type": "application/json"}
        async with session.post(f"/sandbox/{deed}", data=BytesIO(body), headers=headers) as answer:
            assert (answer.status, (await answer.json())["ok"]) == (200, False)


async def test_the_page_itself_opens_its_websocket(served: web.AppRunner) -> None:
    async with asking(served) as session:
        await (await session.get("/")).read()
        link = await session.ws_connect("/sandbox/live", origin=f"http://127.0.0.1:{served.addresses[0][1]}")
        await link.close()


async def test_shutdown_does_not_wait_for_a_sleeping_page(workspace: object, clock: object) -> None:
    """Otherwise the server would wait up to a minute for each connection to close."""
    served = await Surroundings(workspace, clock).serve(patience_s=60)  # type: ignore[arg-type]
    async with asking(served) as session:
        await (await session.get("/")).read()
        # It reads nothing, so it never answers the close frame.
        link = await session.ws_connect("/sandbox/live", origin=f"http://127.0.0.1:{served.addresses[0][1]}")

        await asyncio.wait_for(served.cleanup(), 30)

        assert (await link.receive()).type is WSMsgType.CLOSE


async def test_a_token_from_another_run_is_refused(served: web.AppRunner, workspace: object, clock: object) -> None:
    other = await Surroundings(workspace, clock).serve()  # type: ignore[arg-type]
    try:
        async with asking(other) as session, session.get("/") as answer:
            stale = {name: morsel.value for name, morsel in answer.cookies.items()}
        async with asking(served) as session, session.get("/sandbox/state", cookies=stale) as answer:
            assert answer.status == 403
    finally:
        await other.cleanup()


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("LocalHost", True), ("0.0.0.0", False),
     ("localhost.evil.example", False), ("10.0.0.1", False), ("", False), (None, False)],
)  # fmt: skip
def test_only_loopback_addresses_count_as_loopback(host: str | None, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_every_run_has_a_token_of_its_own() -> None:
    assert PageGuard().token != PageGuard().token
