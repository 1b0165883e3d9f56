"""Problem reports from the public form, and the alert each becomes. Everything typed is untrusted data."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.domain.alerts.received import Level, ReceivedAlert
from bot.domain.text import cut, plain, plain_line, shows_nothing

SOURCE = "report"
# Key in `measured` for the reporter's contact: shown on the alert's card only.
CONTACT = "contact"

WHAT_LENGTH = 3000
LINE_LENGTH = 200
TITLE_LENGTH = 120
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")

# What is wrong with a field.
Mistake = Literal["missing", "long"]


def new_nonce() -> str:
    """Identifies one rendered form; everything submitted from it is one report."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Report:
    """A submitted form, its fields cleaned of characters that cannot be stored or shown. `trap`: a honeypot field."""

    nonce: str
    what: str = ""
    since: str = ""
    affected: str = ""
    contact: str = ""
    trap: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "Report":
        """Parse whatever was posted. An invalid nonce is replaced, making it a form of its own."""
        nonce = fields.get("nonce", "")
        what = plain(fields.get("what", "").replace("\r\n", "\n").replace("\r", "\n")).strip()
        lines = {name: plain_line(fields.get(name, "")) for name in ("since", "affected", "contact", "trap")}
        return cls(nonce if _NONCE.fullmatch(nonce) else new_nonce(), what, **lines)

    @property
    def mistakes(self) -> dict[str, Mistake]:
        """Mistakes by field; empty when the report is acceptable."""
        found: dict[str, Mistake] = {}
        if not self._title:
            found["what"] = "missing"
        elif len(self.what) > WHAT_LENGTH:
            found["what"] = "long"
        return found | {name: "long" for name, line in self._lines.items() if len(line) > LINE_LENGTH}

    @property
    def is_spam(self) -> bool:
        """Only bots fill in the invisible field."""
        return bool(self.trap)

    @property
    def fingerprint(self) -> str:
        """Equal for everything submitted from one form, so a corrected report is the same alert. Does not reveal the
        nonce."""
        return hashlib.sha256(f"report {self.nonce}".encode()).hexdigest()[:32]

    @property
    def delivery(self) -> str:
        """Equal for identical submissions, so a double click is one report."""
        parts = "\0".join([self.nonce, self.what, *self._lines.values()])
        return hashlib.sha256(parts.encode()).hexdigest()

    def alert(self, level: Level, declare: str | None) -> ReceivedAlert:
        """The alert. Title: the first visible line; the description repeats the text if the title does not hold all of
        it."""
        title = cut(self._title, TITLE_LENGTH)
        labels = {"since": self.since, "affected": self.affected}
        return ReceivedAlert(
            title,
            firing=True,
            fingerprint=self.fingerprint,
            description="" if title == self.what else self.what,
            labels={name: value for name, value in labels.items() if value},
            measured={CONTACT: self.contact} if self.contact else {},
            level=level,
            declare=declare,
        )

    def as_json(self) -> bytes:
        """The report as typed, for whoever wants to see all of it."""
        return json.dumps({"what": self.what, **self._lines}, ensure_ascii=False).encode("utf-8", "replace")

    @property
    def _title(self) -> str:
        """The first visible line; empty when there is none."""
        lines = map(plain_line, self.what.split("\n"))
        return next((line for line in lines if not shows_nothing(line)), "")

    @property
    def _lines(self) -> dict[str, str]:
        return {"since": self.since, "affected": self.affected, "contact": self.contact}
