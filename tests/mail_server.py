"""A real mail server on this machine, with replies controlled by the test."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session


class PostOffice:
    """Accepts letters. `says` overrides the reply to a step (MAIL, RCPT, DATA); a step in `silent_at` gets none."""

    def __init__(self) -> None:
        self.port = 0
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        self.says: dict[str, str] = {}
        self.silent_at = ""
        # Steps that got no reply.
        self.silent = 0
        self.greeted = 0
        # Login attempts.
        self.logins = 0
        self.quits = 0
        # The most concurrent connections, and the reply to one too many; '' just closes it.
        self.most = 1000
        self.farewell = "421 too many concurrent connections"
        self.turned_away = 0
        # That reply is sent only once this is set.
        self.turns_away = asyncio.Event()
        self.turns_away.set()
        self.under_way = 0

    def says_to(self, address: str, answer: str) -> None:
        """Refuse this recipient only."""
        self.says[f"RCPT {address}"] = answer

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greeted += 1
        await self._answer("EHLO")
        session.host_name = hostname
        return responses

    async def handle_AUTH(self, server: SMTP, session: Session, envelope: Envelope, args: list[str]) -> object:
        self.logins += 1
        return MISSING

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer(f"RCPT {address}") if f"RCPT {address}" in self.says else await self._answer("RCPT")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await self._answer("DATA")
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append(envelope)
            self.sessions.append(session)
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.quits += 1
        return "221 Bye"

    async def _answer(self, step: str) -> str:
        if self.silent_at and step.startswith(self.silent_at):
            self.silent += 1
            await asyncio.Event().wait()
        return self.says.get(step, "250 OK queued as 4F3A")


class _Conversation(SMTP):
    """Counted from the moment it is accepted until it ends."""

    def __init__(self, office: PostOffice, **options: Any) -> None:
        super().__init__(office, **options)
        self._office = office
        office.under_way += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._office.under_way -= 1
        super().connection_lost(error)


class _TurnedAway(asyncio.Protocol):
    """A connection beyond the limit."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._office.turned_away += 1
        if self._office.turns_away.is_set():
            self._turn_away(transport)
        else:
            self._task = asyncio.create_task(self._turn_away_later(transport))

    async def _turn_away_later(self, transport: asyncio.Transport) -> None:
        await self._office.turns_away.wait()
        self._turn_away(transport)

    def _turn_away(self, transport: asyncio.Transport) -> None:
        if self._office.farewell:
            transport.write(self._office.farewell.encode() + b"\r\n")
            transport.close()
        else:
            transport.abort()


@asynccontextmanager
async def post_office(
    office: PostOffice | None = None, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None,
    **options: Any,
) -> AsyncIterator[PostOffice]:  # fmt: skip
    """A server on a free port. `tls`: encrypted from the start. `options`: aiosmtpd's SMTP options."""
    office = office or PostOffice()
    conversations: list[SMTP] = []

    def conversation() -> asyncio.Protocol:
        if office.under_way >= office.most:
            return _TurnedAway(office)
        conversations.append(_Conversation(office, hostname="mail.test", **options))
        return conversations[-1]

    server = await asyncio.get_running_loop().create_server(conversation, host, port, ssl=tls)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        for one in conversations:
            if isinstance(one.transport, asyncio.Transport):
                one.transport.abort()
        await server.wait_closed()


def only(user: str, password: str) -> Any:
    """Admit only this user."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (user, password), handled=False)

    return authenticate


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A TLS context with a certificate for `localhost`, and a client context that trusts it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


def own_address() -> str:
    """This machine's address in its network; '' if it has none. Nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out:
        try:
            way_out.connect(("203.0.113.1", 9))
        except OSError:
            return ""
        address = str(way_out.getsockname()[0])
    return "" if address.startswith("127.") else address


OWN_ADDRESS = own_address()
