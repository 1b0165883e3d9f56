"""What the bot sent by other ways than Slack: mails caught by an SMTP sink, and texts and calls added here."""

import asyncio
import email
import email.policy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.smtp import SMTP

from bot.clock import Clock
from bot.sandbox.changes import Change, Changes
from bot.sandbox.errors import NotOnScreen

MailKind = Literal["email", "sms", "voice", "webhook"]

# Gives one of the `answers`; returns the reply.
Answered = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Mail:
    """One item; `html` is None if there is only text. Only mails have `sender` and `headers`."""

    id: int
    kind: MailKind
    to: str
    subject: str
    text: str
    html: str | None
    at: datetime
    sender: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    answers: tuple[str, ...] = ()  # what the recipient can do with it
    answered: Answered | None = field(default=None, repr=False, compare=False)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Mailbox:
    """Items in order of arrival. The SMTP sink runs between `start` and `stop`, on a free port."""

    def __init__(self, clock: Clock, changes: Changes) -> None:
        self._clock, self._changes = clock, changes
        self._server: asyncio.Server | None = None
        self.items: list[Mail] = []
        self.smtp_url = ""
        self.refusal: str | None = None  # the SMTP reply to every mail, such as "451 try later"; None: accept

    def add(self, kind: MailKind, to: str, subject: str, text: str, html: str | None = None, **known: Any) -> Mail:
        """Add an item; `known` are further fields of Mail."""
        mail = Mail(len(self.items) + 1, kind, to, subject, text, html, self._clock.now(), **known)
        self.items.append(mail)
        self._changes.tell(Change("mail", notes={"mail": mail}))
        return mail

    async def answer(self, number: int, answer: str) -> str:
        """Answer an item and return the reply. Raises NotOnScreen if it has no such answer."""
        mail = next((one for one in self.items if one.id == number), None)
        if mail is None or mail.answered is None or answer not in mail.answers:
            raise NotOnScreen("This cannot be answered so.")
        return await mail.answered(answer)

    async def start(self, host: str = "127.0.0.1") -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(_Sink(self), hostname="sandbox"), host, 0)
        self.smtp_url = f"smtp://{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def take(self, recipients: list[str], content: bytes) -> None:
        """Add a mail as received by SMTP."""
        message = email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
        self.add(
            "email",
            ", ".join(recipients),
            str(message.get("Subject", "")),
            _body(message, "plain") or "",
            _body(message, "html"),
            sender=str(message.get("From", "")),
            headers=tuple((key, str(value)) for key, value in message.items()),
        )


class _Sink:
    """Accepts every mail; the method name is aiosmtpd's."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self._mailbox.refusal is not None:
            return self._mailbox.refusal
        self._mailbox.take(list(envelope.rcpt_tos), envelope.content)
        return "250 Message accepted for delivery"


def _body(message: EmailMessage, kind: Literal["plain", "html"]) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())
