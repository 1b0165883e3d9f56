"""Bodies, packed and unpacked, and the connections they come on."""

import asyncio
import errno
import gzip
import logging
import resource
import socket
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest
from aiohttp import web

from bot.domain.errors import Refused
from bot.doorkeeper import Doorkeeper, most_connections, raise_file_limit, welcomed
from bot.incoming import Garbled, TooLarge, unpacked
from bot.switchboard import MOST_FIELDS, read_form
from bot.web import serving

LIMIT = 1000
# At one time always: names of tests are the same in every process.
PACKED = gzip.compress(b"x", mtime=0)
# More than the loop needs to see that somebody knocks.
TURNS = 20
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP "])
def test_a_packed_body_is_unpacked_as_far_as_it_may_be(encoding: str) -> None:
    pack: Callable[[bytes], bytes] = zlib.compress if encoding == "deflate" else gzip.compress
    assert unpacked(pack(b"x" * LIMIT), encoding, LIMIT) == b"x" * LIMIT
    with pytest.raises(TooLarge):
        unpacked(pack(b"x" * (LIMIT + 1)), encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_a_body_that_is_not_packed_is_left(encoding: str) -> None:
    assert unpacked(b"as it is", encoding, LIMIT) == b"as it is"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"rubbish", "gzip"), (b"", "gzip"), (PACKED[:-1], "gzip"),
        (PACKED + b"more", "gzip"),
        (b"rubbish", "deflate"), (b"x", "br"), (b"x", "gzip, gzip"),
    ],
)  # fmt: skip
def test_what_is_not_packed_as_it_says_is_garbled(body: bytes, encoding: str) -> None:
    with pytest.raises(Garbled):
        unpacked(body, encoding, LIMIT)


def test_a_body_that_would_fill_the_memory_is_never_unpacked_whole() -> None:
    """A thousand of them are refused before one of them could be unpacked."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    for _ in range(1000):
        with pytest.raises(TooLarge):
            unpacked(bomb, "gzip", LIMIT)


@asynccontextmanager
async def door(keeper: Doorkeeper) -> AsyncIterator[int]:
    """A server with a page at `/`, watched by this keeper."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application(middlewares=[welcomed])
    app.add_routes([web.get("/", hello)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(keeper.watched(runner.server), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


async def half_asked(port: int) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await writer.drain()
    HELD.append(writer)
    return reader


# Nobody hangs up by being forgotten.
HELD: list[asyncio.StreamWriter] = []


async def was_turned_away(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def test_who_does_not_finish_a_request_is_turned_away() -> None:
    async with door(Doorkeeper(10, headers_within_s=0.01)) as port:
        assert await was_turned_away(await half_asked(port))


async def test_whoever_asks_is_answered_and_may_ask_again(caplog: pytest.LogCaptureFixture) -> None:
    async with door(Doorkeeper(10, headers_within_s=30)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.close()
    assert caplog.records == []


async def test_who_has_asked_for_nothing_makes_room_and_that_is_said_once_a_minute(
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


async def test_that_no_file_is_left_for_a_connection_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(web.Application(), host="127.0.0.1", port=0) as port:
        with socket.socket() as knocking:
            knocking.setblocking(False)
            with suppress(BlockingIOError):
                knocking.connect(("127.0.0.1", port))
            with no_file_left():
                for _ in range(TURNS):
                    await asyncio.sleep(0)
    assert [one.name for one in caplog.records] == ["bot.doorkeeper"]
    assert "no new connection can be taken" in caplog.text and "Traceback" not in caplog.text


async def test_what_else_goes_wrong_in_the_loop_is_said_each_time(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    async with serving(web.Application(), host="127.0.0.1", port=0):
        for _ in range(2):
            loop.call_exception_handler({"message": "a callback failed", "exception": OSError(errno.EMFILE, "x")})
    assert [one.name for one in caplog.records] == ["asyncio"] * 2
    assert loop.get_exception_handler() is None


@contextmanager
def no_file_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # What is open stays open: only a file with a higher number cannot be had.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_leave_files_for_everything_else() -> None:
    raise_file_limit()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < most_connections() < soft


def test_a_form_of_more_fields_than_a_telephone_company_sends_is_not_read() -> None:
    assert len(read_form(b"&".join([b"a=1"] * MOST_FIELDS))) == MOST_FIELDS
    with pytest.raises(Refused):
        read_form(b"a&" * (MOST_FIELDS + 1))
