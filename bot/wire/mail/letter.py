"""A letter, encoded so that no word in it can be anything but a word.

We don't build headers with a library that parses its input: it takes `=?utf-8?q?…?=` in a title for an encoded word and
decodes it, and with it a line break and an injected header. Here a value is text, and encoded whole unless it is plain.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr

# Well under RFC 5322's limit of 998 octets a line, and longer than anybody reads.
SUBJECT_LENGTH = 300
# Limit for a line of the body, for the same reason.
LINE_LENGTH = 900
# Octets of text in one encoded word of RFC 2047: 75 characters with its frame, in Base64.
WORD_OCTETS = 45


@dataclass(frozen=True)
class Letter:
    """Plain text for one recipient. `key` becomes the Message-ID, so that a duplicate is recognised.

    `thread`: letters with the same one are grouped in the mailbox; None = it stands alone. `html`: the same words for
    mail programs that show it. `list_name`: the mailing list that the recipient is on; None = it is for them alone.
    `calendar`: an attached calendar file (RFC 5545, published), which mail programs offer to add. When the server takes
    only a few at a time, `urgent` ones go first, and among those the longest overdue.
    """

    to: str
    subject: str
    body: str
    key: str
    thread: str | None = None
    urgent: bool = False
    due_at: datetime | None = None
    html: str | None = None
    list_name: str | None = None
    calendar: str | None = None


class Writer:
    """Writes letters from one sender: an address, or a name and an address."""

    def __init__(self, sender: str) -> None:
        self._name, self.address = parseaddr(sender)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def id_of(self, key: str) -> str:
        """The Message-ID."""
        return f"<tocsin.{re.sub(r'[^A-Za-z0-9._+-]', '_', key)}@{_address(self.domain)}>"

    def written(self, letter: Letter, now: datetime) -> bytes:
        """The letter as sent."""
        thread = self.id_of(letter.thread) if letter.thread else None
        headers = {
            "From": self._sender(),
            "To": _address(letter.to),
            "Subject": _text(one_line(letter.subject)[:SUBJECT_LENGTH].rstrip()),
            "Date": format_datetime(now),
            "Message-ID": self.id_of(letter.key),
            "References": thread,
            "In-Reply-To": thread,
            "List-Id": self._list_id(letter.list_name) if letter.list_name else None,
            # Suppresses out-of-office and other automatic replies: by RFC 3834, and Exchange's own header. Delivery
            # failures are still reported.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        return head.encode("ascii") + _body(letter.body, letter.html, letter.calendar)

    def _list_id(self, name: str) -> str:
        """RFC 2919: unique within a domain of ours, and permanent."""
        return f"<{re.sub(r'[^A-Za-z0-9-]', '-', name)}.tocsin.{_address(self.domain)}>"

    def _sender(self) -> str:
        name = one_line(self._name)[:SUBJECT_LENGTH]
        return f"{_phrase(name)} <{_address(self.address)}>" if name else _address(self.address)


def one_line(text: str) -> str:
    """Without line breaks and other unprintable characters: what a header may contain."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def subject_and_body(words: str) -> tuple[str, str]:
    """A template's first line is the subject, the rest the body."""
    subject, _, body = words.partition("\n")
    return subject.strip(), body.strip()


def _text(line: str) -> str:
    """Encoded whole or not at all: blanks between two encoded words are dropped (RFC 2047, 6.2)."""
    return line if line.isascii() and "=?" not in line else "\r\n ".join(_encoded_words(line))


def _phrase(name: str) -> str:
    """A display name."""
    if not name.isascii() or "=?" in name:
        return "\r\n ".join(_encoded_words(name))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return name if re.fullmatch(r"[A-Za-z0-9 ]*", name) else f'"{quoted}"'


def _address(address: str) -> str:
    """The address as written, without characters that would end it or begin another. A non-ASCII domain becomes its
    IDNA name; a non-ASCII account is up to the server."""
    account, at, domain = "".join(one_line(address).split()).rpartition("@")
    try:
        domain = domain.encode("ascii" if domain.isascii() else "idna").decode("ascii")
    except UnicodeError:
        domain = re.sub(r"[^\x21-\x7e]", "_", domain)
    return re.sub(r"[^\x21-\x7e]|[<>,;]", "_", f"{account}{at}{domain}")


def _encoded_words(line: str) -> Iterator[str]:
    """Each contains whole characters, because each is decoded separately."""
    word = b""
    for sign in line:
        octets = sign.encode()
        if len(word) + len(octets) > WORD_OCTETS:
            yield _encoded(word)
            word = b""
        word += octets
    yield _encoded(word)


def _encoded(octets: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(octets).decode()}?="


def _body(text: str, html: str | None, calendar: str | None = None) -> bytes:
    """With its own headers, which contain no word of the letter. Of alternative parts the last one is shown."""
    words = _encodable(text)
    message = EmailMessage(policy=WIRE)
    message.set_content(words, cte="7bit" if _travels_as_it_is(words) else "quoted-printable")
    if html is not None:
        message.add_alternative(_encodable(html), subtype="html", cte="quoted-printable")
    if calendar is not None:
        message.add_attachment(
            _encodable(calendar), subtype="calendar", cte="base64", filename="invite.ics", params={"method": "PUBLISH"}
        )
    return message.as_bytes()


def _encodable(text: str) -> str:
    """Replaces lone surrogates, which JSON may contain, but no encoding can represent."""
    return text.encode("utf-8", "replace").decode().rstrip() + "\n"


def _travels_as_it_is(words: str) -> bool:
    """Then links stay in one piece even for software that reads mails without decoding them."""
    lines = words.split("\n")
    return words.isascii() and all(line.isprintable() and len(line) <= LINE_LENGTH for line in lines)
