"""One SMTP connection: connected, logged in, and letter after letter until QUIT."""

import asyncio
import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import aiosmtplib

from bot.domain.errors import Failed, Rejected, Throttled, Unanswered, Unreachable
from bot.settings import Smtp
from bot.wire.certificates import tls_error_in, tls_reason
from bot.wire.http_client import must_be_wanted
from bot.wire.mail.letter import one_line
from bot.wire.mail.limits import CLOSES, meant_by

SAID_LENGTH = 200
# Nobody waits for it; a server slow to reply is left.
QUIT_WITHIN_S = 2.0
GO_ON = 354
# It wants TLS or a login first (RFC 3207, 4954): not about the letter, and fixed by a setting.
WANTS_MORE_FIRST = 530


class Broken(Unreachable):
    """The connection has ended, and the letter was not taken: another connection can take it."""


class Crowded(Broken):
    """The server takes no more connections beside those it has, ours or others'."""


class Silent(Broken):
    """The server said nothing in time."""


class Session:
    """Sends letters. One that is not taken raises Broken, or another kind of Failed, after which the next can be sent.

    `heard` is called at each reply of the server.
    """

    def __init__(
        self, server: Smtp, own_name: str, tls: ssl.SSLContext | None, timeout_s: float, heard: Callable[[], None]
    ) -> None:
        self._server = server
        self._own_name = own_name
        self._heard = heard
        self._place = place_of(server)
        self._has_begun = False
        self._client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            # Set, because otherwise the library would look this machine's own name up in DNS.
            local_hostname=own_name,
            timeout=timeout_s,
            use_tls=server.tls == "tls",
            # None: use STARTTLS if offered.
            start_tls=None if server.tls == "starttls" else False,
            tls_context=tls,
        )

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def open(self, deadline: float) -> None:
        """Connect and log in. Broken: the server is away, or accepts no more connections for now."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._client.connect()
                self._heard()
                if self._client.is_ehlo_or_helo_needed:
                    await self._greet()
                    self._heard()
                if self._server.username is not None:
                    await self._log_in(self._server.username)
                    self._heard()
        except aiosmtplib.SMTPResponseException as error:
            raise self._not_let_in(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            why = await self._why_no_tls(error) or _reason(error)
            raise _kind(error)(f"the mail server {self._place} cannot be used: {why}") from error

    async def hand_over(self, sender: str, to: str, letter: bytes, deadline: float) -> str:
        """Returns the server's reply when it took the letter. Raises Unanswered when it was sent and no reply came."""
        with self._nothing_taken():
            async with asyncio.timeout_at(deadline):
                if self._has_begun:
                    await self._begin_anew()
                self._has_begun = True
                await self._client.mail(sender)
                self._heard()
                await self._client.rcpt(to)
                self._heard()
                answer = await self._client.execute_command(b"DATA")
                self._heard()
                if answer.code != GO_ON:
                    raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        try:
            await must_be_wanted()
        except BaseException:
            # The server is waiting for content that will not come.
            self.drop()
            raise
        code, said = await self._content(letter, deadline)
        if code == CLOSES:
            self.drop()
        # Whatever the other digits are, the first one decides (RFC 5321, 4.3.2).
        if 200 <= code < 300:
            return one_line(said)[:SAID_LENGTH]
        if 400 <= code < 600:
            raise _throttled(code, said) if meant_by(code, said) == "everything" else _refusal(code, said)
        raise self._unanswered()

    async def must_take_from(self, sender: str, deadline: float) -> None:
        """Begin a letter and reset. Raises what a letter would."""
        with self._nothing_taken():
            async with asyncio.timeout_at(deadline):
                await self._client.mail(sender)
                await self._client.rset()

    async def quit(self) -> None:
        """Say goodbye, so that the server frees the place at once."""
        try:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(QUIT_WITHIN_S):
                    await self._client.quit()
        finally:
            self.drop()

    def drop(self) -> None:
        """Hang up."""
        self._client.close()

    async def _begin_anew(self) -> None:
        """A reply to this is not about a letter."""
        try:
            await self._client.rset()
            self._heard()
        except aiosmtplib.SMTPResponseException as error:
            raise self._broken_off(error) from error

    async def _greet(self) -> None:
        try:
            await self._client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await self._client.helo()

    async def _log_in(self, user: str) -> None:
        """The password is only for this server, and must not be sent in the clear."""
        server = self._server
        if not (self._is_encrypted or server.tls == "off" or self._is_on_this_machine):
            raise Unreachable(
                f"the mail server {self._place} offers no TLS, and the password would be sent in the clear: write "
                "smtps:// in SMTP_URL if it has TLS from the start, or ?tls=off behind the address if that is meant"
            )
        await self._client.login(user, server.password.get_secret_value() if server.password else "")

    @property
    def _is_encrypted(self) -> bool:
        return self._client.get_transport_info("sslcontext") is not None

    @property
    def _is_on_this_machine(self) -> bool:
        return ipaddress.ip_address(self._client.get_transport_info("peername")[0]).is_loopback

    async def _content(self, letter: bytes, deadline: float) -> tuple[int, str]:
        """Bypasses the library's DATA, which doesn't tell replies before the content from those after it."""
        protocol = self._client.protocol
        if protocol is None:
            raise self._broken_off(None)
        with self._nothing_taken():
            protocol.write(_as_content(letter))
        try:
            async with asyncio.timeout_at(deadline):
                answer = await protocol.read_response()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise self._unanswered() from error
        return answer.code, answer.message

    async def _why_no_tls(self, error: Exception) -> str:
        """'' when the failure has nothing to do with TLS."""
        if not (tls := tls_error_in(error)):
            return ""
        greet = None if self._server.tls == "tls" else partial(_begin_tls, own_name=self._own_name)
        return await tls_reason(tls, self._server.host, self._server.port, greet)

    @contextmanager
    def _nothing_taken(self) -> Iterator[None]:
        """Errors within the block happened before the content was sent."""
        try:
            yield
        except aiosmtplib.SMTPResponseException as error:
            raise self._not_taken(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise self._broken_off(error) from error
        except ValueError as error:
            raise Rejected(f"the mail server {self._place} cannot be given such an address") from error

    def _not_let_in(self, error: aiosmtplib.SMTPResponseException) -> Failed:
        if (meant := meant_by(error.code, error.message)) == "everything":
            return _throttled(error.code, error.message)
        if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
            return Unreachable(f"the mail server {self._place} refuses the user or password of SMTP_URL")
        kind = Crowded if meant == "crowd" else Broken
        trouble = "lets nobody in" if isinstance(error, aiosmtplib.SMTPAuthenticationError) else "cannot be used"
        return kind(f"the mail server {self._place} {trouble}: {_reason(error)}")

    def _not_taken(self, error: aiosmtplib.SMTPResponseException) -> Failed:
        if (meant := meant_by(error.code, error.message)) == "everything":
            if error.code == CLOSES:
                self.drop()
            return _throttled(error.code, error.message)
        if meant == "crowd":
            return Crowded(f"the mail server {self._place} broke off: {_reason(error)}")
        if meant == "conversation" or not 400 <= error.code < 600:
            return self._broken_off(error)
        return _refusal(error.code, error.message)

    def _broken_off(self, error: BaseException | None) -> Broken:
        return _kind(error)(f"the mail server {self._place} broke off: {_reason(error)}")

    def _unanswered(self) -> Unanswered:
        self.drop()
        return Unanswered(f"the mail server {self._place} did not say whether it took the mail")


def place_of(server: Smtp) -> str:
    """The server as it may be shown."""
    return f"{server.host}:{server.port}"


def _begin_tls(line: socket.socket, own_name: str) -> None:
    """Brings the connection to where TLS begins (RFC 3207). Raises OSError."""
    conversation = smtplib.SMTP(local_hostname=own_name)
    conversation.sock = line
    for answer in (conversation.getreply, conversation.ehlo, partial(conversation.docmd, "STARTTLS")):
        if answer()[0] >= 400:
            raise OSError("the server does not begin TLS now")


def _as_content(letter: bytes) -> bytes:
    """Transmission format (RFC 5321, 4.5.2): no line of the letter can be mistaken for its end."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", letter).removesuffix(b"\r\n").split(b"\r\n")
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"


def _refusal(code: int, words: str) -> Failed:
    """4xx is temporary, 5xx the server's final word about the letter."""
    said = f"the mail server says {_said(code, words)}"
    return Rejected(said, str(code)) if code >= 500 and code != WANTS_MORE_FIRST else Unreachable(said)


def _throttled(code: int, words: str) -> Throttled:
    return Throttled(f"the mail server limits our rate: {_said(code, words)}")


def _kind(error: BaseException | None) -> type[Broken]:
    return Silent if isinstance(error, TimeoutError) else Broken


def _said(code: int, words: str) -> str:
    return f"{code} {one_line(words)[:SAID_LENGTH]}"


def _reason(error: BaseException | None) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return _said(error.code, error.message)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        # The library's code for a reply that is not SMTP.
        return "its answer is not SMTP"
    return one_line(str(error or ""))[:SAID_LENGTH] or "no answer in time"
