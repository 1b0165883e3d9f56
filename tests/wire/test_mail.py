"""A letter's fate, by a real mail server's answers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.settings import Smtp
from bot.wire.mail import Letter, Mail
from tests.mail_server import OWN_ADDRESS, PostOffice, certificate, only, post_office

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
LETTER = Letter("ada@example.com", "Payments failing", "Please look.\n\n.\nThank you.", "page-7", "pages-INC-1")


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


def mail_to(office: PostOffice, sender: str = "Tocsin <bell@example.com>") -> Mail:
    return Mail(Smtp.parse(f"smtp://127.0.0.1:{office.port}"), sender, clock(), timeout_s=30)


def impatient_mail_to(office: PostOffice) -> Mail:
    return Mail(Smtp.parse(f"smtp://127.0.0.1:{office.port}"), "bell@example.com", clock(), timeout_s=3)


async def test_an_accepted_letter_returns_its_id_and_the_servers_answer(office: PostOffice) -> None:
    said = await mail_to(office).send(LETTER)

    assert said == "<tocsin.page-7@example.com> OK queued as 4F3A"
    (letter,) = office.letters
    assert letter["Message-ID"] == "<tocsin.page-7@example.com>"
    assert letter["References"] == "<tocsin.pages-INC-1@example.com>"
    assert letter["From"] == "Tocsin <bell@example.com>"
    assert letter["To"] == "ada@example.com"
    assert letter["Subject"] == "Payments failing"
    assert letter["Date"] == "Sat, 08 Aug 2026 12:00:00 +0000"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().replace("\r\n", "\n") == "Please look.\n\n.\nThank you.\n"
    assert office.envelopes[0].mail_from == "bell@example.com"
    assert office.sessions[0].host_name == "example.com"


async def test_the_same_letter_sent_twice_has_one_id(office: PostOffice) -> None:
    await mail_to(office).send(LETTER)
    await mail_to(office).send(LETTER)

    first, second = office.letters
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_link_stays_in_one_piece_in_the_letter_as_it_travels(office: PostOffice) -> None:
    link = f"https://tocsin.example.com/ack/{'x' * 120}"
    await mail_to(office).send(Letter("ada@example.com", "s", f"Acknowledge:\n{link}", "k"))
    await mail_to(office).send(Letter("ada@example.com", "s", f"Acknowledge:\n{'x' * 1000}", "k"))

    first, second = (envelope.content for envelope in office.envelopes)
    assert f"\r\n{link}\r\n".encode() in first  # type: ignore[operator]
    assert max(map(len, second.splitlines())) <= 998  # type: ignore[union-attr]


async def test_characters_of_every_script_arrive(office: PostOffice) -> None:
    words = "Zahlungen gestört – 支払い 🔔 " + "lang " * 300
    await mail_to(office).send(Letter("ada@example.com", words[:40], words, "k"))

    (letter,) = office.letters
    assert letter["Subject"] == words[:40].strip()
    assert letter.get_content().strip() == words.strip()
    assert max(map(len, office.envelopes[0].content.splitlines())) <= 998  # type: ignore[union-attr]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85", "\x00"])
async def test_a_subject_cannot_become_a_header(office: PostOffice, line_break: str) -> None:
    subject = f"Harmless{line_break}Bcc: everybody@example.com{line_break}{line_break}Another body"
    await mail_to(office).send(Letter("ada@example.com", subject, "Body", "k"))

    (letter,) = office.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Harmless Bcc: everybody@example.com Another body"
    assert office.envelopes[0].rcpt_tos == ["ada@example.com"]
    assert letter.get_content().strip() == "Body"


async def test_a_very_long_subject_is_truncated(office: PostOffice) -> None:
    await mail_to(office).send(Letter("ada@example.com", "x" * 5000, "Body", "k"))

    assert office.letters[0]["Subject"] == "x" * 300


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_5xx_is_a_permanent_refusal(office: PostOffice, step: str) -> None:
    office.says[step] = "550 5.1.1 no such mailbox"

    with pytest.raises(Rejected, match=r"550 5\.1\.1 no such mailbox") as refusal:
        await mail_to(office).send(LETTER)
    assert refusal.value.code == "550"
    assert office.letters == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_4xx_is_worth_a_retry(office: PostOffice, step: str) -> None:
    office.says[step] = "451 4.7.1 try again later"

    with pytest.raises(Unreachable, match="451"):
        await mail_to(office).send(LETTER)
    assert office.letters == []


@pytest.mark.parametrize("said", ["200 fine", "251 user not local, will forward", "252 cannot verify, will try"])
async def test_any_2xx_after_the_content_means_accepted(office: PostOffice, said: str) -> None:
    office.says["DATA"] = said

    assert said.partition(" ")[2] in await mail_to(office).send(LETTER)


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
async def test_silence_before_the_content_means_nothing_was_accepted(office: PostOffice, step: str) -> None:
    office.silent_at = step

    with pytest.raises(Unreachable):
        await impatient_mail_to(office).send(LETTER)


async def test_silence_after_the_content_leaves_the_outcome_unknown(office: PostOffice) -> None:
    office.silent_at = "DATA"

    with pytest.raises(Unanswered, match="did not say whether it took the mail"):
        await impatient_mail_to(office).send(LETTER)


async def test_a_refused_connection_is_worth_a_retry() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        mail = Mail(
            Smtp.parse(f"smtp://user:s3cret@127.0.0.1:{reserved.getsockname()[1]}"), "bell@example.com", clock()
        )
        with pytest.raises(Unreachable, match="cannot be used") as failure:
            await mail.send(LETTER)
    assert "s3cret" not in str(failure.value)


async def test_a_server_of_another_protocol_is_reported_as_no_mail_server() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        mail = Mail(Smtp.parse(url), "bell@example.com", clock(), timeout_s=30)
        with pytest.raises(Unreachable, match=r"cannot be used: its answer is not SMTP$"):
            await mail.check()


async def test_starttls_is_used_when_offered_and_the_password_is_sent_over_it(tmp_path: Path) -> None:
    identity, trust = certificate(tmp_path)
    door = {"tls_context": identity, "authenticator": only("bell", "p@ss word"), "auth_required": True}
    async with post_office(**door) as office:
        mail = Mail(
            Smtp.parse(f"smtp://bell:p%40ss%20word@localhost:{office.port}"), "bell@example.com", clock(), tls=trust
        )
        await mail.send(LETTER)

    assert len(office.letters) == 1
    assert office.sessions[0].ssl is not None
    assert office.sessions[0].authenticated


async def test_smtps_is_encrypted_from_the_start(tmp_path: Path) -> None:
    identity, trust = certificate(tmp_path)
    async with post_office(tls=identity) as office:
        mail = Mail(Smtp.parse(f"smtps://localhost:{office.port}"), "bell@example.com", clock(), tls=trust)
        await mail.send(LETTER)

    assert len(office.letters) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_an_untrusted_certificate_is_refused(tmp_path: Path, scheme: str) -> None:
    identity, _ = certificate(tmp_path)
    async with post_office(tls=identity) if scheme == "smtps" else post_office(tls_context=identity) as office:
        mail = Mail(Smtp.parse(f"{scheme}://localhost:{office.port}"), "bell@example.com", clock(), timeout_s=30)
        with pytest.raises(Unreachable, match="certificate"):
            await mail.send(LETTER)

    assert office.letters == []


async def test_a_wrong_password_is_worth_a_retry_and_never_quoted_in_the_error() -> None:
    async with post_office(authenticator=only("bell", "right"), auth_require_tls=False) as office:
        mail = Mail(Smtp.parse(f"smtp://bell:wr0ng@127.0.0.1:{office.port}"), "bell@example.com", clock(), timeout_s=30)
        with pytest.raises(Unreachable, match="refuses the user or password") as failure:
            await mail.send(LETTER)
    assert "wr0ng" not in str(failure.value)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_server_that_first_wants_tls_or_a_login_has_not_refused_the_letter(
    office: PostOffice, step: str
) -> None:
    office.says[step] = "530 Must issue a STARTTLS command first"
    with pytest.raises(Unreachable, match="530 Must issue"):
        await mail_to(office).send(LETTER)
    office.says.clear()
    await mail_to(office).send(LETTER)
    assert len(office.letters) == 1


@pytest.mark.parametrize("answer", ["530 Authentication required", "550 sender not allowed here", "451 later"])
async def test_the_check_finds_a_server_that_accepts_nothing_from_this_sender(office: PostOffice, answer: str) -> None:
    office.says["MAIL"] = answer
    with pytest.raises((Unreachable, Rejected), match=answer):
        await mail_to(office).check()
    assert (office.letters, office.quits) == ([], 1)


async def test_the_check_logs_in_and_sends_nothing(office: PostOffice) -> None:
    await mail_to(office).check()

    assert office.greeted == 1
    assert office.letters == []


async def test_concurrent_letters_share_a_few_sessions_each_ended_with_quit(
    office: PostOffice,
) -> None:
    mail = Mail(Smtp.parse(f"smtp://127.0.0.1:{office.port}"), "bell@example.com", clock(), timeout_s=30, most=2)
    await asyncio.gather(*(mail.send(Letter("ada@example.com", f"{n}", "b", f"k{n}")) for n in range(20)))
    await mail.close()

    assert len(office.letters) == 20
    assert (office.greeted, office.quits) == (2, 2)


@pytest.mark.skipif(not OWN_ADDRESS, reason="needs an address of this machine's own besides the loopback")
async def test_no_password_is_sent_in_the_clear_to_another_machine_unless_configured() -> None:
    door = {"authenticator": only("bell", "s3cret"), "auth_require_tls": False}
    async with post_office(host=OWN_ADDRESS, **door) as office:
        url = f"smtp://bell:s3cret@{OWN_ADDRESS}:{office.port}"
        with pytest.raises(Unreachable, match="offers no TLS"):
            await Mail(Smtp.parse(url), "bell@example.com", clock(), timeout_s=30).send(LETTER)
        assert office.logins == 0
        await Mail(Smtp.parse(f"{url}?tls=off"), "bell@example.com", clock(), timeout_s=30).send(LETTER)

    assert len(office.letters) == 1


async def test_a_password_to_this_machine_needs_no_tls() -> None:
    async with post_office(authenticator=only("bell", "s3cret"), auth_require_tls=False) as office:
        url = f"smtp://bell:s3cret@127.0.0.1:{office.port}"
        await Mail(Smtp.parse(url), "bell@example.com", clock(), timeout_s=30).send(LETTER)

    assert len(office.letters) == 1
