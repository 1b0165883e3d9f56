"""Request bodies, compressed or not, and the connections they come on."""

import asyncio
import errno
import gzip
import logging
import resource
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest
from aiohttp import web

from bot.domain.errors import Refused
from bot.doors.doorkeeper import Doorkeeper, most_connections, raise_file_limit, welcomed
from bot.doors.request_bodies import Garbled, TooLarge, read_body, unpacked
from bot.doors.switchboard import MOST_FIELDS, read_form
from bot.doors.web import serving

LIMIT = 1000
# A fixed mtime: test names must be the same in every process.
PACKED = gzip.compress(b"x", mtime=0)
# More than the event loop needs to notice a new connection.
TURNS = 20
MORE_THAN_A_LINE_HOLDS = 16 * 1024 * 1024
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP "])
def test_a_compressed_body_is_decompressed_up_to_the_limit(encoding: str) -> None:
    pack: Callable[[bytes], bytes] = zlib.compress if encoding == "deflate" else gzip.compress
    assert unpacked(pack(b"x" * LIMIT), encoding, LIMIT) == b"x" * LIMIT
    with pytest.raises(TooLarge):
        unpacked(pack(b"x" * (LIMIT + 1)), encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_an_uncompressed_body_is_left_alone(encoding: str) -> None:
    assert unpacked(b"as it is", encoding, LIMIT) == b"as it is"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"rubbish", "gzip"), (b"", "gzip"), (PACKED[:-1], "gzip"),
        (PACKED + b"more", "gzip"),
        (b"rubbish", "deflate"), (b"x", "br"), (b"x", "gzip, gzip"),
    ],
)  # fmt: skip
def test_a_body_not_compressed_as_it_claims_is_an_error(body: bytes, encoding: str) -> None:
    with pytest.raises(Garbled):
        unpacked(body, encoding, LIMIT)


def test_a_decompression_bomb_is_never_decompressed_whole() -> None:
    """A thousand are refused quickly, as none is decompressed beyond the limit."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    for _ in range(1000):
        with pytest.raises(TooLarge):
            unpacked(bomb, "gzip", LIMIT)


@asynccontextmanager
async def door(keeper: Doorkeeper) -> AsyncIterator[int]:
    """A server with a page at `/`, a longer one than a line holds at `/long`, and a form, watched by this keeper."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def long(request: web.Request) -> web.Response:
        return web.Response(body=bytes(MORE_THAN_A_LINE_HOLDS))

    async def form(request: web.Request) -> web.Response:
        return web.Response(text=f"read {len(await read_body(request, LIMIT))}")

    app = web.Application(middlewares=[welcomed])
    app.add_routes([web.get("/", hello), web.get("/long", long), web.post("/", form)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(keeper.watched(runner.server), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


async def half_asked(port: int, begun: bytes = GET) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    await writer.drain()
    HELD.append(writer)
    return reader


# References, so that no connection is closed by garbage collection.
HELD: list[asyncio.StreamWriter] = []


@pytest.fixture(autouse=True)
async def all_hang_up() -> AsyncIterator[None]:
    yield
    for writer in HELD:
        writer.close()
    HELD.clear()


async def was_turned_away(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def test_a_client_that_does_not_finish_its_request_is_disconnected() -> None:
    async with door(Doorkeeper(10, headers_within_s=0.01)) as port:
        assert await was_turned_away(await half_asked(port))


async def test_a_client_that_sends_a_request_is_answered_and_may_send_another(caplog: pytest.LogCaptureFixture) -> None:
    async with door(Doorkeeper(10, headers_within_s=30)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.close()
    assert caplog.records == []


async def test_idle_connections_are_closed_to_make_room_and_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with door(Doorkeeper(3)) as port:
        waiting = [await half_asked(port) for _ in range(8)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"\r\n")
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        assert await was_turned_away(waiting[0])
        writer.close()
    assert len([one for one in caplog.records if "all places are taken" in one.message]) == 1


async def asked_and_stayed(port: int) -> asyncio.StreamReader:
    reader = await half_asked(port, GET + b"\r\n")
    await reader.readuntil(b"hello")
    return reader


async def half_a_body(port: int) -> asyncio.StreamReader:
    reader = await half_asked(
        port, b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\nhalf"
    )
    await reader.readuntil(b"100 Continue")
    return reader


async def unread(port: int) -> asyncio.StreamReader:
    reader = await half_asked(port, b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"200 OK")
    return reader


@pytest.mark.parametrize("comes_and_stays", [asked_and_stayed, half_a_body, unread])
async def test_slow_clients_are_disconnected_to_make_room_the_slowest_first(
    comes_and_stays: Callable[[int], Awaitable[asyncio.StreamReader]],
) -> None:
    """Whatever they do, slow clients cannot occupy all connections and lock out a real request."""
    async with door(Doorkeeper(3)) as port:
        first, *others = [await comes_and_stays(port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
        assert (await reader.readuntil(b"read 4")).startswith(b"HTTP/1.1 200")
        await first.read()
        assert first.at_eof()
        assert not any(other.at_eof() for other in others)
        writer.close()


async def test_a_new_connection_has_time_to_send_its_request_however_many_are_new() -> None:
    async with door(Doorkeeper(3)) as port:
        for _ in range(3):
            await asked_and_stayed(port)
        new = [await half_asked(port, b"") for _ in range(3)]
        for reader, writer in zip(new, HELD[-3:], strict=True):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")


# As anybody could send it; the first kind may contain somebody's token.
NO_HTTP = [
    b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\x00\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"secret" * 10_000 + b"\r\n\r\n",
    b"GET /secret\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://secret:port/ HTTP/1.1\r\nHost: x\r\n\r\n",
]


async def test_invalid_http_is_logged_once_a_minute_without_its_content(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(web.Application(), host="127.0.0.1", port=0) as port:
        for request in NO_HTTP * 2:
            assert b" 400 " in await (await half_asked(port, request)).readline()
    assert [one.message.partition(":")[0] for one in caplog.records] == ["a request cannot be read"]
    assert "Traceback" not in caplog.text and "secret" not in caplog.text


@pytest.mark.parametrize("host", ["xn--a", "x:8080", "[::1]", "user:secret@x"])
async def test_of_an_absolute_url_only_the_path_counts(host: str, caplog: pytest.LogCaptureFixture) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=f"hello {request.url}")

    app = web.Application()
    app.add_routes([web.get("/a", hello)])
    async with serving(app, host="127.0.0.1", port=0) as port:
        reader = await half_asked(port, f"GET http://{host}/a?b HTTP/1.1\r\nHost: mine\r\n\r\n".encode())
        assert (await reader.readuntil(b"hello http://mine/a?b")).startswith(b"HTTP/1.1 200")
    assert caplog.records == []


async def test_a_client_that_hangs_up_mid_body_causes_no_error(caplog: pytest.LogCaptureFixture) -> None:
    ends: asyncio.Queue[BaseException] = asyncio.Queue()

    async def form(request: web.Request) -> web.Response:
        try:
            await read_body(request, LIMIT)
        except BaseException as error:
            ends.put_nowait(error)
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", form)])
    async with serving(app, host="127.0.0.1", port=0) as port:
        await half_a_body(port)
        HELD[-1].transport.abort()
        assert isinstance(await ends.get(), Garbled)


async def test_running_out_of_file_descriptors_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(web.Application(), host="127.0.0.1", port=0) as port:
        with socket.socket() as knocking:
            knocking.setblocking(False)
            with suppress(BlockingIOError):
                knocking.connect(("127.0.0.1", port))
            with no_file_left():
                for _ in range(TURNS):
                    await asyncio.sleep(0)
    assert [one.name for one in caplog.records] == ["bot.doors.doorkeeper"]
    assert "no new connection can be taken" in caplog.text and "Traceback" not in caplog.text


async def test_other_errors_in_the_loop_are_logged_every_time(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    async with serving(web.Application(), host="127.0.0.1", port=0):
        for _ in range(2):
            loop.call_exception_handler({"message": "a callback failed", "exception": OSError(errno.EMFILE, "x")})
    assert [one.name for one in caplog.records] == ["asyncio"] * 2
    assert loop.get_exception_handler() is None


@contextmanager
def no_file_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Open files stay open; only higher descriptors become unavailable.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_leave_file_descriptors_for_everything_else() -> None:
    raise_file_limit()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < most_connections() < soft


def test_a_form_of_more_fields_than_a_telephone_company_sends_is_not_read() -> None:
    assert len(read_form(b"&".join([b"a=1"] * MOST_FIELDS))) == MOST_FIELDS
    with pytest.raises(Refused):
        read_form(b"a&" * (MOST_FIELDS + 1))
