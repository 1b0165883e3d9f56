"""An invalid certificate is reported with what is wrong and whose it is, whichever client meets it."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import Clock
from bot.domain.errors import Unreachable
from bot.settings import Settings, Smtp
from bot.wire.certificates import Certificate, certificate_of, tls_reason, tls_reason_of, without_code
from bot.wire.http_client import ask, http_client
from bot.wire.mail import Letter, Mail
from bot.wire.s3_library import make_client, translated
from tests.mail_server import post_office

Met = Callable[[ssl.SSLContext], Awaitable[str]]
EXPIRED_AT = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority this machine trusts during the test."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authorities.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "authorities.pem"))
    return authority


async def in_a_webhook(identity: ssl.SSLContext) -> str:
    server = TestServer(web.Application())
    await server.start_server(ssl=identity)
    async with http_client() as session:
        with pytest.raises(Unreachable) as said:
            await ask(
                session,
                "POST",
                f"https://localhost:{server.port}/",
                whose="the webhook",
                ssl=ssl.create_default_context(),
            )
    await server.close()
    return str(said.value)


async def in_s3(identity: ssl.SSLContext) -> str:
    server = TestServer(web.Application())
    await server.start_server(ssl=identity)
    address = f"https://localhost:{server.port}"
    settings = Settings.from_environment(
        {"S3_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example-secret"}
    )

    def asked() -> None:
        with translated("s3://dumps"):
            make_client(settings, answers_within_s=5, attempts=1).list_buckets()

    with pytest.raises(Unreachable) as said:
        await asyncio.to_thread(asked)
    await server.close()
    return str(said.value)


def in_mail(scheme: str) -> Met:
    async def met(identity: ssl.SSLContext) -> str:
        async with post_office(tls=identity) if scheme == "smtps" else post_office(tls_context=identity) as office:
            mail = Mail(Smtp.parse(f"{scheme}://localhost:{office.port}"), "bell@example.com", Clock(), timeout_s=30)
            with pytest.raises(Unreachable) as said:
                await mail.send(Letter("ada@example.com", "x", "y", key="1"))
            assert office.letters == []
        return str(said.value)

    return met


@pytest.mark.parametrize("met", [in_a_webhook, in_s3, in_mail("smtp"), in_mail("smtps")])
async def test_the_error_says_when_a_certificate_expired_whom_it_is_for_or_that_its_issuer_is_untrusted(
    trusted: trustme.CA, met: Met
) -> None:
    before = EXPIRED_AT - timedelta(days=90)
    for certificate, reason in (
        (trusted.issue_cert("localhost", not_before=before, not_after=EXPIRED_AT),
         "the certificate expired on 3 May 2026"),
        (trusted.issue_cert("shop.example.com", "a.example.com", "b.example.com"),
         "the certificate is for shop.example.com, a.example.com and 1 more, not localhost"),
        (trustme.CA(organization_name="Nobody Ltd").issue_cert("localhost"),
         "the certificate is signed by nobody we trust: by “"),
    ):  # fmt: skip
        identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(identity)
        said = await met(identity)
        assert reason in said
        assert "_ssl.c" not in said and "https://" not in said


async def test_a_drivers_certificate_error_is_reported_in_the_same_words() -> None:
    written = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {} (_ssl.c:1006)"
    for words, said in (
        ("certificate has expired", "the certificate has expired"),
        ("self-signed certificate in certificate chain", "the certificate is signed by nobody we trust"),
        ("unable to get local issuer certificate", "the certificate is signed by nobody we trust"),
        ("Hostname mismatch, certificate is not valid for 'db'.", "the certificate is for another host"),
        ("something new", "the certificate is not valid"),
    ):
        assert without_code(f"db:27017: {written.format(words)} (configured timeouts: 1)") == said
    assert without_code("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)").startswith("TLS failed: ")
    assert without_code("connection refused") == "connection refused"


def test_no_expiry_date_is_given_for_a_certificate_that_is_still_valid() -> None:
    """Another one in its chain has expired, or the server has a new one meanwhile."""
    error = ssl.SSLCertVerificationError(1, "certificate has expired")
    error.verify_code = 10
    now = datetime.now(UTC)
    good = Certificate(("localhost",), None, now - timedelta(days=1), now + timedelta(days=1))
    assert tls_reason_of(error, good, "localhost") == tls_reason_of(error) == "the certificate has expired"


def test_when_the_certificate_cannot_be_fetched_again_the_error_has_no_name() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert certificate_of("127.0.0.1", nobody.getsockname()[1]) is None


async def test_fetching_the_certificate_again_is_not_waited_for_when_it_hangs() -> None:
    """It would use up the attempt's time, and a page never sent would count as possibly sent."""
    error = ssl.SSLCertVerificationError(1, "certificate has expired")
    error.verify_code = 10
    released, ended = threading.Event(), threading.Event()

    def hang(line: socket.socket) -> None:
        released.wait()
        ended.set()
        raise OSError("it has gone")

    with socket.create_server(("127.0.0.1", 0)) as server:
        said = await tls_reason(error, "127.0.0.1", server.getsockname()[1], hang, within_s=0.1)
        released.set()
        await asyncio.to_thread(ended.wait)
    assert said == "the certificate has expired"
