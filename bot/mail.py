"""Mail on its way out: one letter to one address, and what the mail server said to it."""

import asyncio
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, formataddr, parseaddr

import aiosmtplib

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Unanswered, Unreachable
from bot.outgoing import accepted, has_left, must_be_wanted
from bot.settings import Smtp

TIMEOUT_S = 10.0
# Well under the 998 octets of a line of RFC 5322, and nobody reads further.
SUBJECT_LENGTH = 200
# Of a line of the body, for the same reason.
LINE_LENGTH = 900
ERROR_LENGTH = 200


@dataclass(frozen=True)
class Letter:
    """Plain text for one reader. `key` becomes the Message-ID, so that a letter sent twice is known as one.

    `thread`: letters with the same one stand together in the reader's mailbox; None = it stands alone.
    """

    to: str
    subject: str
    body: str
    key: str
    thread: str | None = None


class Mail:
    """A mail server, by its address. Every letter has its own connection; nothing is sent again by itself."""

    def __init__(
        self,
        server: Smtp,
        sender: str,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        patience_s: float = TIMEOUT_S,
    ) -> None:
        """`sender` is an address, or a name and an address. `tls` None trusts what this machine trusts.

        `patience_s` is what one letter may take, from the first call to the server's last word.
        """
        self._server = server
        self._name, self._address = parseaddr(sender)
        self._clock = clock
        self._tls = tls
        self._patience_s = patience_s

    @property
    def place(self) -> str:
        """The server as people may see it."""
        return f"{self._server.host}:{self._server.port}"

    async def send(self, letter: Letter) -> str:
        """Returns the Message-ID and what the server said when it took the letter.

        Raises Rejected (a 5xx: never), Unreachable (not taken: a 4xx, no connection, no login) or Unanswered (the
        letter went out and no answer came back).
        """
        client, deadline = self._client(), self._deadline()
        try:
            # To connect and to log in may take long, and what waits for this to leave need not wait for that.
            has_left()
            await self._connect(client, deadline)
            await self._agree(client, deadline, letter.to)
            return await self._hand_over(client, deadline, letter)
        finally:
            client.close()

    async def check(self) -> None:
        """Connect and log in, and send nothing. Raises a kind of Failed that says what is wrong."""
        client = self._client()
        try:
            await self._connect(client, self._deadline())
        finally:
            client.close()

    def written(self, letter: Letter) -> EmailMessage:
        """The letter as it travels. What somebody typed cannot become a header of its own."""
        message = EmailMessage(policy=WIRE)
        message["From"] = formataddr((self._name, self._address))
        message["To"] = letter.to
        message["Subject"] = one_line(letter.subject)[:SUBJECT_LENGTH]
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = self._id(letter.key)
        if letter.thread:
            message["References"] = message["In-Reply-To"] = self._id(letter.thread)
        # Holiday notices and other machines' answers stay away.
        message["Auto-Submitted"] = "auto-generated"
        words = letter.body.rstrip() + "\n"
        message.set_content(words, cte="7bit" if _travels_as_it_is(words) else "quoted-printable")
        return message

    def _id(self, key: str) -> str:
        return f"<tocsin.{key}@{self._domain}>"

    @property
    def _domain(self) -> str:
        return self._address.rpartition("@")[2]

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._patience_s

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            # Given, because the library would ask the name servers for this machine's own name.
            local_hostname=self._domain,
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            timeout=self._patience_s,
            use_tls=server.tls == "tls",
            # None takes the encryption when it is offered.
            start_tls=None if server.tls == "starttls" else False,
            tls_context=self._tls,
        )

    async def _connect(self, client: aiosmtplib.SMTP, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Unreachable(f"the mail server {self.place} refuses the user or password of SMTP_URL") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unreachable(f"the mail server {self.place} cannot be used: {_reason(error)}") from error

    async def _agree(self, client: aiosmtplib.SMTP, deadline: float, to: str) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await client.mail(self._address)
                await client.rcpt(to)
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unreachable(f"the mail server {self.place} broke off: {_reason(error)}") from error

    async def _hand_over(self, client: aiosmtplib.SMTP, deadline: float, letter: Letter) -> str:
        try:
            async with asyncio.timeout_at(deadline):
                letter_as_sent = self.written(letter).as_bytes()
                await must_be_wanted()
                answer = await client.data(letter_as_sent)
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unanswered(f"the mail server {self.place} did not say whether it took the mail") from error
        return accepted(f"{self._id(letter.key)} {one_line(answer.message)[:ERROR_LENGTH]}")


def _travels_as_it_is(words: str) -> bool:
    """Then it does: a link stays in one piece also for whatever reads mails without decoding them."""
    lines = words.split("\n")
    return words.isascii() and all(line.isprintable() and len(line) <= LINE_LENGTH for line in lines)


def one_line(text: str) -> str:
    """Without line breaks and other signs that do not print: what a header may hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def subject_and_body(words: str) -> tuple[str, str]:
    """The first line of a template is the subject, the rest is what the reader opens."""
    subject, _, body = words.partition("\n")
    return subject.strip(), body.strip()


def _refusal(error: aiosmtplib.SMTPResponseException) -> Failed:
    """4xx is a matter of time, 5xx is the server's last word."""
    said = f"the mail server says {error.code} {one_line(error.message)[:ERROR_LENGTH]}"
    return Rejected(said, str(error.code)) if error.code >= 500 else Unreachable(said)


def _reason(error: BaseException) -> str:
    return one_line(str(error))[:ERROR_LENGTH] or "no answer in time"
