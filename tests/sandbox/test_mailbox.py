"""The mailbox catches emails over SMTP; texts and calls are handed to it."""

from email.message import EmailMessage
from urllib.parse import urlsplit

import aiosmtplib
import pytest

from bot.sandbox.server import Server
from bot.sandbox.workspace import Workspace


def letter() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "tocsin@example.com", "ada@example.com", "[P1] Payments – failing"
    mail["Message-ID"] = "<page-1@example.com>"
    mail.set_content("Please acknowledge.\n")
    mail.add_alternative("<p>Please <b>acknowledge</b>.</p>", subtype="html")
    return mail


async def send(workspace: Workspace, mail: EmailMessage) -> None:
    port = urlsplit(workspace.mailbox.smtp_url).port
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, timeout=5)


async def test_an_email_appears_with_both_of_its_bodies(workspace: Workspace, slack: Server) -> None:
    await send(workspace, letter())
    (mail,) = workspace.mailbox.items
    assert (mail.kind, mail.to, mail.subject) == ("email", "ada@example.com", "[P1] Payments – failing")
    assert mail.text.strip() == "Please acknowledge."
    assert mail.html is not None and "<b>acknowledge</b>" in mail.html
    assert mail.header("message-id") == "<page-1@example.com>"
    assert mail.at == workspace.clock.now()


async def test_the_mail_server_may_refuse(workspace: Workspace, slack: Server) -> None:
    workspace.mailbox.refusal = "451 Try again later"
    with pytest.raises(aiosmtplib.SMTPDataError):
        await send(workspace, letter())
    assert workspace.mailbox.items == []


async def test_texts_are_handed_in(workspace: Workspace) -> None:
    mail = workspace.mailbox.add("sms", "+447700900001", "", "P1 Payments failing")
    assert (mail.id, mail.html) == (1, None)
