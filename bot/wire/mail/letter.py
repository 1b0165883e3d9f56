"""A letter, and how it is written so that no word in it can be anything but a word.

No header is built by a library that reads what it is given: such a one takes `=?utf-8?q?…?=` in a title for an encoded
word, decodes it, and with it a line break and a header of somebody else's. Here a value is text, and what is not plain
is encoded whole.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr

# Well under the 998 octets of a line of RFC 5322, and nobody reads further.
SUBJECT_LENGTH = 300
# Of a line of the body, for the same reason.
LINE_LENGTH = 900
# Octets of text in one encoded word of RFC 2047: 75 signs with its frame, in base64.
WORD_OCTETS = 45


@dataclass(frozen=True)
class Letter:
    """Plain text for one reader. `key` becomes the Message-ID, so that a letter sent twice is known as one.

    `thread`: letters with the same one stand together in the reader's mailbox; None = it stands alone. `html`: the same
    words for a mail program that shows it. `list_name`: of the list that the reader is on; None = it is for them alone.
    `calendar`: a calendar file (RFC 5545, published) that goes with it, which mail programs offer to add.
    When the server takes only a few at a time, the `urgent` go first, and of those whoever has been due the longest.
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
    """Writes letters of one sender: an address, or a name and an address."""

    def __init__(self, sender: str) -> None:
        self._name, self.address = parseaddr(sender)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def id_of(self, key: str) -> str:
        """The Message-ID."""
        return f"<tocsin.{re.sub(r'[^A-Za-z0-9._+-]', '_', key)}@{_address(self.domain)}>"

    def written(self, letter: Letter, now: datetime) -> bytes:
        """The letter as it travels."""
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
            # Holiday notices and other machines' answers stay away: by RFC 3834, and as Exchange knows it. That a
            # letter could not be delivered is still reported.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        return head.encode("ascii") + _body(letter.body, letter.html, letter.calendar)

    def _list_id(self, name: str) -> str:
        """RFC 2919: unique within a domain of ours, and the same for ever."""
        return f"<{re.sub(r'[^A-Za-z0-9-]', '-', name)}.tocsin.{_address(self.domain)}>"

    def _sender(self) -> str:
        name = one_line(self._name)[:SUBJECT_LENGTH]
        return f"{_phrase(name)} <{_address(self.address)}>" if name else _address(self.address)


def one_line(text: str) -> str:
    """Without line breaks and other signs that do not print: what a header may hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def subject_and_body(words: str) -> tuple[str, str]:
    """The first line of a template is the subject, the rest is what the reader opens."""
    subject, _, body = words.partition("\n")
    return subject.strip(), body.strip()


def _text(line: str) -> str:
    """Encoded whole or not at all: the blanks between two encoded words are none of the text's (RFC 2047, 6.2)."""
    return line if line.isascii() and "=?" not in line else "\r\n ".join(_encoded_words(line))


def _phrase(name: str) -> str:
    """A name before an address."""
    if not name.isascii() or "=?" in name:
        return "\r\n ".join(_encoded_words(name))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return name if re.fullmatch(r"[A-Za-z0-9 ]*", name) else f'"{quoted}"'


def _address(address: str) -> str:
    """As it was written, without what would end it or begin another. A domain in other letters goes by its ASCII name;
    an account in other letters is a matter between the server and itself."""
    account, at, domain = "".join(one_line(address).split()).rpartition("@")
    try:
        domain = domain.encode("ascii" if domain.isascii() else "idna").decode("ascii")
    except UnicodeError:
        domain = re.sub(r"[^\x21-\x7e]", "_", domain)
    return re.sub(r"[^\x21-\x7e]|[<>,;]", "_", f"{account}{at}{domain}")


def _encoded_words(line: str) -> Iterator[str]:
    """Each holds whole signs, because each is decoded alone."""
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
    """Beneath its own headers, none of which holds a word of the letter. Of two parts the last is the one shown."""
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
    """Half a surrogate pair, as JSON may hold, is no text of any encoding."""
    return text.encode("utf-8", "replace").decode().rstrip() + "\n"


def _travels_as_it_is(words: str) -> bool:
    """Then it does: a link stays in one piece also for whatever reads mails without decoding them."""
    lines = words.split("\n")
    return words.isascii() and all(line.isprintable() and len(line) <= LINE_LENGTH for line in lines)
