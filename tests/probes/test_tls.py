"""What a probe of a certificate finds."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.checks.check import ProbeResult
from bot.probes import http
from bot.probes._look import reason_of
from bot.probes.tls import expects, probe
from bot.runbook.health import HttpCheck, TlsCheck
from tests.probes.conftest import Listen, hang_up

DAY = timedelta(days=1)
Serve = Callable[[trustme.LeafCert], Awaitable[int]]


@pytest.fixture(scope="module")
def trusted() -> trustme.CA:
    """A certificate authority this machine trusts during the test."""
    return trustme.CA()


@pytest.fixture(autouse=True)
def known_authorities(trusted: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted.cert_pem.write_to_path(tmp_path / "authorities.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves HTTPS with this certificate; returns the port."""
    async with AsyncExitStack() as stack:

        async def begin(certificate: trustme.LeafCert) -> int:
            identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.configure_cert(identity)
            server = TestServer(web.Application())
            await server.start_server(ssl=identity)
            stack.push_async_callback(server.close)
            assert server.port
            return server.port

        yield begin


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + days * DAY


async def look(port: int, **wishes: str) -> ProbeResult:
    return await probe(TlsCheck.model_validate({"key": "cert", "tls": f"localhost:{port}", **wishes}))


async def look_at_the_page(port: int) -> ProbeResult:
    return await http.probe(HttpCheck.model_validate({"key": "website", "http": f"https://localhost:{port}/"}))


async def test_a_certificate_with_enough_time_left_is_healthy(trusted: trustme.CA, serve: Serve) -> None:
    finding = await look(await serve(trusted.issue_cert("localhost", not_after=in_days(15.5))))

    assert (finding.state, finding.value, finding.reason) == ("healthy", "15 days left", "")


@pytest.mark.parametrize(
    ("days", "left", "state"),
    [(14.01, "14 days", "healthy"), (13.99, "13 days", "degraded"), (0.5, "11 h", "degraded")],
)
async def test_a_certificate_that_expires_soon_is_degraded(
    trusted: trustme.CA, serve: Serve, days: float, left: str, state: str
) -> None:
    finding = await look(await serve(trusted.issue_cert("localhost", not_after=in_days(days))), expires_within="14d")

    assert (finding.state, finding.value) == (state, f"{left} left")
    wanted = f"the certificate expires in {left}, wanted more than 14 d"
    assert finding.reason == ("" if state == "healthy" else wanted)


async def test_an_invalid_certificate_is_down_and_says_why(trusted: trustme.CA, serve: Serve) -> None:
    """An HTTP check reports it in the same words."""
    expired = trusted.issue_cert("localhost", not_before=in_days(-9), not_after=in_days(-1))
    for certificate, reason in (
        (expired, f"the certificate expired on {in_days(-1).day} {in_days(-1):%B %Y}"),
        (trusted.issue_cert("elsewhere.example.com"), "the certificate is for elsewhere.example.com, not localhost"),
        (trustme.CA().issue_cert("localhost"), "the certificate is signed by nobody we trust"),
    ):
        port = await serve(certificate)
        finding = await look(port)
        assert (finding.state, finding.value) == ("down", "no trust")
        assert finding.reason.startswith(reason)
    assert (await look_at_the_page(port)).reason == finding.reason


async def test_a_server_without_tls_is_distinguished_from_an_unreachable_one(listen: Listen, nobodys_port: int) -> None:
    server = TestServer(web.Application())
    await server.start_server()
    plain = await look(server.port or 0)
    await server.close()

    assert plain.state == "down"
    assert plain.reason.startswith("TLS failed: ")
    assert (await look(nobodys_port)).reason == "connection refused"
    assert (await look(await listen(hang_up))).state == "down"


ALERT = b"\x15\x03\x01\x00\x02\x02"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (ALERT + b"\x46", "no version of TLS that is accepted here"),
        (ALERT + b"\x70", "the server has no site of this name"),
        (ALERT + b"\x28", "the server refuses"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak TLS on this port"),
        (b"", "the connection was closed without an answer"),
        (b"\x16\x03\x03\x40\x00\x02\x00", "the connection was closed without an answer"),
    ],
)
async def test_a_failed_handshake_says_why_in_both_kinds_of_check(listen: Listen, said: bytes, reason: str) -> None:
    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(said)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    port = await listen(fail)
    for finding in (await look(port), await look_at_the_page(port)):
        assert finding.state == "down"
        assert finding.value != "no trust"
        assert reason in finding.reason


async def test_a_server_that_demands_a_client_certificate_is_reported_as_such_and_not_by_an_errno() -> None:
    error = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] alert number 116")
    error.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert reason_of(error) == "TLS failed: the server wants a client certificate"


async def test_a_server_that_ignores_our_close_notify_is_healthy(trusted: trustme.CA) -> None:
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trusted.issue_cert("localhost", not_after=in_days(15.5)).configure_cert(identity)
    seen = threading.Event()

    def greet_and_hang(server: socket.socket) -> None:
        with server.accept()[0] as connection, identity.wrap_socket(connection, server_side=True):
            seen.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as server:
        greeting = asyncio.create_task(asyncio.to_thread(greet_and_hang, server))
        try:
            async with asyncio.timeout(5):
                finding = await look(server.getsockname()[1])
        finally:
            seen.set()
            await greeting

    assert (finding.state, finding.value) == ("healthy", "15 days left")


def test_the_expectation_is_described_in_a_few_words() -> None:
    check = TlsCheck.model_validate({"key": "cert", "tls": "example.com", "slow": "1s"})
    assert expects(check) == "more than 14 d left within 1 s"
