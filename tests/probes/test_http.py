"""What a probe of a web page finds."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.checks.check import ProbeResult
from bot.probes.http import MOST_BYTES, expects, probe
from bot.runbook.health import HttpCheck
from tests.mail_server import certificate
from tests.probes.conftest import Listen, hang, hang_up, reset

Answer = web.StreamResponse
Serve = Callable[[Callable[[web.Request], Awaitable[Answer]]], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[TestServer] = []

    async def begin(answer: Callable[[web.Request], Awaitable[Answer]]) -> str:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return f"http://127.0.0.1:{servers[-1].port}"

    yield begin
    for server in servers:
        await server.close()


def a_check(url: str, **wishes: Any) -> HttpCheck:
    return HttpCheck.model_validate({"key": "website", "http": url, **wishes})


def always(answer: Callable[[], Answer]) -> Callable[[web.Request], Awaitable[Answer]]:
    async def give(request: web.Request) -> Answer:
        return answer()

    return give


async def look(url: str, **wishes: Any) -> ProbeResult:
    return await probe(a_check(url, **wishes))


async def look_in_a_hurry(url: str) -> ProbeResult:
    """A probe with a time-out shorter than any answer takes."""
    return await probe(a_check(url).model_copy(update={"slow": timedelta(microseconds=1)}))


async def test_a_page_with_the_expected_status_is_healthy(serve: Serve) -> None:
    finding = await look(await serve(always(lambda: web.Response(text="hello"))))

    assert (finding.state, finding.value, finding.reason) == ("healthy", "HTTP 200", "")
    assert finding.latency > timedelta(0)


async def test_another_status_is_down_and_both_are_named(serve: Serve) -> None:
    finding = await look(await serve(always(lambda: web.Response(status=503))))

    assert (finding.state, finding.value) == ("down", "HTTP 503")
    assert finding.reason == "HTTP 503, expected 200"


async def test_an_expected_error_status_is_healthy(serve: Serve) -> None:
    assert (await look(await serve(always(lambda: web.Response(status=401))), expect=401)).state == "healthy"


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"status": "healthy", "metrics.error_rate": "< 5"}, ""),
        ({"metrics.error_rate": "< 4.5"}, "metrics.error_rate is 4.5, expected < 4.5"),
        ({"status": "ill"}, "status is healthy, expected ill"),
        ({"metrics.queue": "< 5"}, "metrics.queue is missing, expected < 5"),
        ({"status.deeper": "x"}, "status.deeper is missing, expected x"),
        ({"ready": "true"}, ""),
        ({"gone": "null"}, ""),
        ({"nodes.1.name": "b"}, ""),
        ({"nodes.2.name": "b"}, "nodes.2.name is missing, expected b"),
        ({"dotted.name": "1"}, ""),
    ],
)
async def test_values_in_the_answer_are_compared(serve: Serve, wishes: dict[str, str], reason: str) -> None:
    answer = {
        "status": "healthy",
        "metrics": {"error_rate": 4.5},
        "ready": True,
        "gone": None,
        "nodes": [{"name": "a"}, {"name": "b"}],
        "dotted.name": 1,
    }
    finding = await look(await serve(always(lambda: web.json_response(answer))), json=wishes)

    assert finding.reason == reason
    assert finding.state == ("down" if reason else "healthy")


async def test_an_answer_that_is_not_json_is_down(serve: Serve) -> None:
    finding = await look(await serve(always(lambda: web.Response(text="<html>"))), json={"status": "healthy"})

    assert (finding.state, finding.reason) == ("down", "the answer is not JSON")


async def test_a_text_that_should_be_on_the_page_is_looked_for(serve: Serve) -> None:
    url = await serve(always(lambda: web.Response(text="Schüler, welcome")))

    assert (await look(url, text="Schüler")).state == "healthy"
    assert (await look(url, text="goodbye")).reason == "“goodbye” is not on the page"


async def test_a_page_in_an_unknown_encoding_is_still_read(serve: Serve) -> None:
    odd = {"Content-Type": "text/plain; charset=klingon"}
    url = await serve(always(lambda: web.Response(body=b"welcome", headers=odd)))

    assert (await look(url, text="welcome")).state == "healthy"


async def test_an_endless_page_is_read_only_up_to_a_limit(serve: Serve) -> None:
    async def endless(request: web.Request) -> Answer:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * MOST_BYTES)

    assert (await look(await serve(endless), text="welcome")).reason == "“welcome” is not on the page"


async def test_a_late_answer_is_degraded_and_not_down(serve: Serve) -> None:
    url = await serve(always(lambda: web.Response()))

    finding = await look_in_a_hurry(url)
    assert finding.state == "degraded"
    assert finding.reason.startswith("took ")
    assert (await look(url, slow="60s")).state == "healthy"


async def test_a_wrong_answer_that_is_late_stays_down(serve: Serve) -> None:
    finding = await look_in_a_hurry(await serve(always(lambda: web.Response(status=500))))

    assert finding.state == "down"
    assert "HTTP 500, expected 200; took" in finding.reason


async def test_redirects_are_followed(serve: Serve) -> None:
    async def redirect(request: web.Request) -> Answer:
        if request.path == "/new":
            return web.Response()
        raise web.HTTPFound("/new")

    assert (await look(await serve(redirect))).state == "healthy"


async def test_a_redirect_that_is_expected_is_not_followed(serve: Serve) -> None:
    async def redirect(request: web.Request) -> Answer:
        raise web.HTTPMovedPermanently("/elsewhere")

    assert (await look(await serve(redirect), expect=301)).state == "healthy"


async def test_a_redirect_loop_is_down(serve: Serve) -> None:
    async def redirect(request: web.Request) -> Answer:
        raise web.HTTPFound(request.path)

    finding = await look(await serve(redirect))
    assert (finding.state, finding.reason) == ("down", "too many redirects")


async def test_a_redirect_to_nowhere_is_down(serve: Serve) -> None:
    async def redirect(request: web.Request) -> Answer:
        return web.Response(status=302, headers={"Location": "mailto:ada@example.com"})

    assert (await look(await serve(redirect))).reason == "redirects to an address that cannot be asked"


async def test_a_refused_connection_is_distinguished_from_an_unknown_name(nobodys_port: int) -> None:
    refused = await look(f"http://127.0.0.1:{nobodys_port}/")
    unknown = await look("http://nowhere.invalid/")

    assert (refused.state, refused.value, refused.reason) == ("down", "no answer", "connection refused")
    assert (unknown.state, unknown.reason) == ("down", "this name is not known")


async def test_a_connection_that_is_reset_is_down(listen: Listen) -> None:
    finding = await look(f"http://127.0.0.1:{await listen(reset)}/")

    assert (finding.state, finding.reason) == ("down", "the connection was closed without an answer")


async def test_a_connection_closed_without_an_answer_is_down(listen: Listen) -> None:
    finding = await look(f"http://127.0.0.1:{await listen(hang_up)}/")

    assert finding.reason == "the connection was closed without an answer"


async def test_an_answer_that_breaks_off_is_down(listen: Listen) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nwel")
        await writer.drain()

    assert (await look(f"http://127.0.0.1:{await listen(half)}/", text="welcome")).reason == "the answer broke off"


async def test_a_server_that_does_not_speak_http_is_down(listen: Listen) -> None:
    async def ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await reader.readuntil(b"\r\n\r\n")

    finding = await look(f"http://127.0.0.1:{await listen(ssh)}/")
    assert finding.reason == "the answer is not valid HTTP: Bad status line: Expected HTTP/"


async def test_plain_http_where_tls_is_expected_is_reported_as_a_tls_error(serve: Serve) -> None:
    url = (await serve(always(lambda: web.Response()))).replace("http:", "https:")

    finding = await look(url)
    assert finding.state == "down"
    assert finding.reason.startswith("TLS failed: ")


async def test_an_untrusted_certificate_is_reported_as_such(listen: Listen, tmp_path: Path) -> None:
    identity, _ = certificate(tmp_path)
    server = TestServer(web.Application())
    await server.start_server(ssl=identity)
    try:
        finding = await look(f"https://localhost:{server.port}/")
    finally:
        await server.close()

    assert finding.state == "down"
    assert finding.reason == "the certificate is signed by nobody we trust: it is self-signed"


async def test_a_cancelled_probe_leaves_nothing_behind(listen: Listen) -> None:
    """The caller sets the time limit; the answer never comes."""
    port = await listen(hang)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await look(f"http://127.0.0.1:{port}/")


async def test_a_secret_in_the_url_is_never_shown(listen: Listen, nobodys_port: int) -> None:
    for port in (nobodys_port, await listen(hang_up)):
        finding = await look(f"http://ada:hunter2@127.0.0.1:{port}/?key=s3cret")
        assert "hunter2" not in repr(finding)
        assert "s3cret" not in repr(finding)


def test_the_expectation_is_described_in_a_few_words() -> None:
    assert expects(a_check("http://a/")) == "200"
    whole = a_check("http://a/", expect=204, slow="2s", json={"error_rate": "< 5"}, text="welcome")
    assert expects(whole) == "204 within 2 s, error_rate < 5, “welcome”"


# As tolerant as a browser or curl


async def raw(listen: Listen, *answers: bytes) -> str:
    """A server that gives one of these answers to each connection in turn, then hangs up."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0))
        await writer.drain()

    return f"http://127.0.0.1:{await listen(answer)}"


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"x" * 9000,
        b"\r\n".join(b"X-%d: y" % number for number in range(150)),
        b"Set-Cookie: a=" + b"b" * 60000,
    ],
    ids=["a header of 9 kB", "150 headers", "a cookie of 60 kB"],
)
async def test_large_headers_are_accepted(listen: Listen, headers: bytes) -> None:
    url = await raw(listen, b"HTTP/1.1 200 OK\r\n" + headers + b"\r\nContent-Length: 0\r\n\r\n")

    assert (await look(url)).state == "healthy"


async def test_three_redirects_that_each_close_the_connection_are_followed(listen: Listen) -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"

    finding = await look(await raw(listen, there, there, there, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))

    assert (finding.state, finding.value) == ("healthy", "HTTP 200 after 3 redirects")


PAGE = b'{"ok": true}'


def packed(encoding: str, body: bytes, charset: str = "utf-8") -> bytes:
    head = f"Content-Encoding: {encoding}\r\nContent-Type: text/plain; charset={charset}\r\nContent-Length: {len(body)}"
    return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body


GZIPPED = gzip.compress(PAGE)
TWICE = gzip.compress(PAGE[:4]) + gzip.compress(PAGE[4:])


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", GZIPPED),
        ("x-gzip", GZIPPED),
        ("GZIP", TWICE),
        ("gzip", GZIPPED[:-8]),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", zlib.compress(PAGE)[2:-4]),
        ("identity", PAGE),
        ("utf-8", PAGE),
    ],
    ids=["gzip", "x-gzip", "two members", "without its sum", "deflate", "bare deflate", "identity", "none"],
)
async def test_a_compressed_page_is_read_as_browsers_read_it(listen: Listen, encoding: str, body: bytes) -> None:
    finding = await look(await raw(listen, packed(encoding, body)), json={"ok": "true"})
    assert (finding.state, finding.value) == ("healthy", "HTTP 200, ok true")


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("br", b"\x0b\x05\x80", "the page is compressed with br, which nobody asked for"),
        ("zstd", b"\x28\xb5\x2f\xfd", "the page is compressed with zstd, which nobody asked for"),
        ("gzip", PAGE, "the page says that it is compressed with gzip, and is not"),
    ],
    ids=["br", "zstd", "no gzip"],
)
async def test_an_unknown_compression_matters_only_when_the_page_is_read(
    listen: Listen, encoding: str, body: bytes, reason: str
) -> None:
    url = await raw(listen, packed(encoding, body), packed(encoding, body))
    assert (await look(url)).state == "healthy"
    finding = await look(url, json={"ok": "true"})
    assert (finding.state, finding.reason) == ("down", reason)


async def test_a_decompression_bomb_does_not_fill_the_memory(listen: Listen) -> None:
    much = gzip.compress(b"." * (MOST_BYTES * 50) + b"end")
    finding = await look(await raw(listen, packed("gzip", much)), text="end")
    assert finding.reason == "“end” is not on the page"


@pytest.mark.parametrize("charset", ["undefined", "idna", "hex", "rot13", "no-such-one"])
async def test_a_page_that_names_an_unsuitable_codec_is_still_read(listen: Listen, charset: str) -> None:
    answer = packed("identity", PAGE, charset)
    assert (await look(await raw(listen, answer), json={"ok": "true"})).state == "healthy"


async def test_a_redirect_without_a_location_is_an_answer_of_its_own(listen: Listen) -> None:
    finding = await look(await raw(listen, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"))
    assert (finding.value, finding.reason) == ("HTTP 302", "HTTP 302, expected 200")


async def test_a_cookie_of_an_ip_address_is_sent_back(serve: Serve) -> None:
    async def once(request: web.Request) -> Answer:
        if "seen" in request.cookies:
            return web.Response(text="hello")
        response = web.Response(status=302, headers={"Location": "/again"})
        response.set_cookie("seen", "yes")
        return response

    assert (await look(await serve(once))).state == "healthy"


@pytest.mark.parametrize(
    ("body", "content_type", "wishes"),
    [
        (b'\xef\xbb\xbf{"status": "healthy"}', "application/json", {"json": {"status": "healthy"}}),
        ('{"status": "healthy"}'.encode("utf-16"), "application/json", {"json": {"status": "healthy"}}),
        ('<meta charset="iso-8859-1"><p>Größe'.encode("latin-1"), "text/html", {"text": "Größe"}),
        ("<meta content='text/html; charset=ISO-8859-1'>Größe".encode("latin-1"), "text/html", {"text": "Größe"}),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><p>Größe</p>'.encode("latin-1"), "text/xml", {"text": "Größe"}),
        ("<meta charset=nonsense>Größe".encode(), "text/html", {"text": "Größe"}),
        (b'{"version": 1.10}', "application/json", {"json": {"version": "1.10"}}),
    ],
)  # fmt: skip
async def test_a_body_is_decoded_as_it_declares_itself(
    serve: Serve, body: bytes, content_type: str, wishes: dict[str, Any]
) -> None:
    url = await serve(always(lambda: web.Response(body=body, headers={"Content-Type": content_type})))

    assert (await look(url, **wishes)).reason == ""


@pytest.mark.parametrize("text", ["", "ok"])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n\r\nand more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok and more",
    ],
)
async def test_bytes_after_the_answer_are_ignored_as_by_browsers_and_curl(
    listen: Listen, answer: bytes, text: str
) -> None:
    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    finding = await look(f"http://127.0.0.1:{await listen(give)}/", **({"text": text} if text else {}))
    assert (finding.state, finding.value, finding.reason) == ("healthy", "HTTP 200", "")


@pytest.mark.parametrize("status", [300, 305, 399])
async def test_any_redirect_with_a_location_is_followed_as_curl_does(serve: Serve, status: int) -> None:
    async def redirect(request: web.Request) -> Answer:
        if request.path == "/there":
            raise web.HTTPFound("/at-last")
        if request.path == "/at-last":
            return web.Response()
        return web.Response(status=status, headers={"Location": "/there"})

    base = await serve(redirect)
    assert (await look(base)).value == "HTTP 200 after 2 redirects"
    assert (await look(base, expect=status if status < 399 else 300)).value.startswith(f"HTTP {status}")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/again", "too many redirects"),
        ("ftp://example.com/", "redirects to an address that cannot be asked"),
        ("http://[", "redirects to an address that cannot be asked"),
    ],
)
async def test_a_300_without_a_location_is_down(serve: Serve, location: str, reason: str) -> None:
    async def choice(request: web.Request) -> Answer:
        return web.Response(status=300, headers={"Location": location})

    assert (await look(await serve(choice))).reason == reason
