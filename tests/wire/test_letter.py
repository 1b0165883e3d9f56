"""A letter on the wire: any text is read as it was written, and none becomes a header."""

from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.wire.mail.letter import SUBJECT_LENGTH, Letter, Writer, one_line

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "References", "In-Reply-To", "Auto-Submitted",
    "X-Auto-Response-Suppress", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
]  # fmt: skip
FORGED = "=?utf-8?q?Alert=0D=0AX-Evil:=20yes?= x"
# Text some program may read as markup or syntax, mixed with any other.
PARTS = st.sampled_from([
    FORGED, "=?utf-8?b?QWxlcnQNClgtRXZpbDogeWVz?=", "=?iso-8859-1?q?=0AX-Evil:_yes?=", "=?", "?=", "=?utf-8?q?a?=",
    "=?utf-8*en?q?=0D=0AX-Evil:_1?=", "\r\nX-Evil: yes", "\nBcc: eve@example.com", " ", "  ", "\t", "\\", '"', "<", ">",
    "(", ")", ",", ";", ":", "@", "Köln", "🔔", "\u2028", "\x00", "\ud800", "word",
])  # fmt: skip
WORDS = st.lists(st.one_of(PARTS, st.text(st.characters(codec=None), max_size=12)), max_size=40).map("".join)

Read = Callable[[bytes], Message]
READERS: list[Read] = [
    lambda raw: message_from_bytes(raw, policy=policy.default),
    lambda raw: message_from_bytes(raw, policy=policy.compat32),
]


def written(*, sender: str = "bell@example.com", **letter: str) -> bytes:
    usual = {"to": "ada@example.com", "subject": "Payments failing", "body": "Look.", "key": "page-7", "thread": "t"}
    return Writer(sender).written(Letter(**{**usual, **letter}), NOON)  # type: ignore[arg-type]


def decoded(message: Message, name: str) -> str:
    """The header decoded according to RFC 2047, by both of Python's parsers."""
    return str(make_header(decode_header(str(message[name]))))


def must_have_no_other_header(raw: bytes) -> None:
    head, _, _ = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert head.isascii()
    for read in READERS:
        assert sorted(read(raw).keys()) == sorted(HEADERS)


@given(WORDS)
@example(FORGED)
def test_a_subject_survives_unchanged_and_adds_no_header(subject: str) -> None:
    raw = written(subject=subject)

    must_have_no_other_header(raw)
    expected = one_line(subject)[:SUBJECT_LENGTH].rstrip()
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == expected
    assert decoded(message_from_bytes(raw, policy=policy.compat32), "Subject") == expected


@given(WORDS)
@example(FORGED)
@example('Ada "the bell" Obi, <eve@example.com>')
def test_a_name_survives_unchanged_and_adds_neither_header_nor_address(name: str) -> None:
    writer = Writer("bell@example.com")
    writer._name = name
    raw = writer.written(Letter("ada@example.com", "s", "b", "k", "t"), NOON)

    must_have_no_other_header(raw)
    (sender,) = message_from_bytes(raw, policy=policy.default)["From"].addresses
    assert sender.addr_spec == "bell@example.com"
    read, _, address = decoded(message_from_bytes(raw, policy=policy.compat32), "From").rpartition("<")
    assert address == "bell@example.com>" or not read
    if one_line(name).isascii() and "=?" not in one_line(name):
        assert sender.display_name == one_line(name)[:SUBJECT_LENGTH]
    else:
        assert read.strip() == one_line(name)[:SUBJECT_LENGTH].strip()


@given(WORDS, WORDS, WORDS, WORDS)
def test_nothing_else_adds_a_header_either(to: str, key: str, thread: str, body: str) -> None:
    raw = written(to=f"ada{to}@example.com", key=key, thread=thread or "t", body=body)

    must_have_no_other_header(raw)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\u2028\u2029")))
def test_a_body_survives_unchanged(body: str) -> None:
    letter = message_from_bytes(written(body=body), policy=policy.default)

    assert letter.get_content().replace("\r\n", "\n") == body.rstrip() + "\n"


@pytest.mark.parametrize("sign", ["ö", "é", "🔔", "Я"])
def test_a_long_subject_keeps_every_blank(sign: str) -> None:
    subject = " ".join(f"K{sign}ln Zürich {number}" for number in range(12))[:SUBJECT_LENGTH].strip()
    raw = written(subject=subject)

    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject
    assert max(map(len, raw.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78 + len("Subject: ")


def test_an_internationalised_domain_is_sent_in_its_ascii_form() -> None:
    assert b"To: ada@xn--mnchen-3ya.example\r\n" in written(to="ada@münchen.example")


@given(WORDS, WORDS, WORDS)
def test_a_letter_of_two_parts_has_both_and_adds_no_header(body: str, html: str, list_name: str) -> None:
    raw = written(body=body, html=html, list_name=list_name or "clients")
    letter = message_from_bytes(raw, policy=policy.default)

    assert {name for name, _ in letter.items()} <= {*HEADERS, "List-Id"}
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert not letter.defects


def test_a_lists_id_is_stable_and_in_our_own_domain() -> None:
    assert b"List-Id: <status-page.tocsin.example.com>\r\n" in written(list_name="status page")
