"""What somebody without Slack reports by the form, and the alert it becomes. What they typed is data."""

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
# What the alert keeps of who reported beside its labels: shown on its card alone.
CONTACT = "contact"

WHAT_LENGTH = 3000
LINE_LENGTH = 200
TITLE_LENGTH = 120
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")

# A field, and what is wrong with it.
Mistake = Literal["missing", "long"]


def new_nonce() -> str:
    """Of a form that is shown: whatever is sent from it is one report."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Report:
    """A form as it was filled in, each field in signs that can be kept and shown. `trap` is the field nobody sees."""

    nonce: str
    what: str = ""
    since: str = ""
    affected: str = ""
    contact: str = ""
    trap: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "Report":
        """From what was posted, whatever that was. A nonce that is none of ours counts as a form of its own."""
        nonce = fields.get("nonce", "")
        what = plain(fields.get("what", "").replace("\r\n", "\n").replace("\r", "\n")).strip()
        lines = {name: plain_line(fields.get(name, "")) for name in ("since", "affected", "contact", "trap")}
        return cls(nonce if _NONCE.fullmatch(nonce) else new_nonce(), what, **lines)

    @property
    def mistakes(self) -> dict[str, Mistake]:
        """By field; empty when it can be taken."""
        found: dict[str, Mistake] = {}
        if not self._title:
            found["what"] = "missing"
        elif len(self.what) > WHAT_LENGTH:
            found["what"] = "long"
        return found | {name: "long" for name, line in self._lines.items() if len(line) > LINE_LENGTH}

    @property
    def is_spam(self) -> bool:
        """Only a program fills in what nobody sees."""
        return bool(self.trap)

    @property
    def fingerprint(self) -> str:
        """The same for whatever is sent from one form: a corrected report is the same alert. Tells nobody its nonce."""
        return hashlib.sha256(f"report {self.nonce}".encode()).hexdigest()[:32]

    @property
    def delivery(self) -> str:
        """The same for what is sent twice as it is: a double click is one report."""
        parts = "\0".join([self.nonce, self.what, *self._lines.values()])
        return hashlib.sha256(parts.encode()).hexdigest()

    def alert(self, level: Level, declare: str | None) -> ReceivedAlert:
        """Its title is the first line that shows anything; the rest is shown when the title does not say it all."""
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
        """As it was typed, for whoever wants to see all of it."""
        return json.dumps({"what": self.what, **self._lines}, ensure_ascii=False).encode("utf-8", "replace")

    @property
    def _title(self) -> str:
        """ "" when there is nothing that anybody could see."""
        lines = map(plain_line, self.what.split("\n"))
        return next((line for line in lines if not shows_nothing(line)), "")

    @property
    def _lines(self) -> dict[str, str]:
        return {"since": self.since, "affected": self.affected, "contact": self.contact}
