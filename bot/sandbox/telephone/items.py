"""What the simulated Twilio stores, and the faults that tests inject."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

from multidict import MultiDict

Kind = Literal["sms", "voice"]


@dataclass
class Item:
    """A text or call that was accepted. `body` is its text; for a call, its words once they are known."""

    sid: str
    kind: Kind
    to: str
    sender: str
    fields: MultiDict[str]
    made_at: datetime
    body: str
    status: str = "queued"

    def as_json(self) -> dict[str, Any]:
        row = {"sid": self.sid, "to": self.to, "from": self.sender, "status": self.status}
        row["date_created"] = format_datetime(self.made_at)
        return row | ({"body": self.body} if self.kind == "sms" else {})

    @property
    def public_url(self) -> str | None:
        """The bot's public URL as given in the request; None if it gave none."""
        return self.fields["StatusCallback"].partition("/twilio/")[0] if "StatusCallback" in self.fields else None


@dataclass
class Fault:
    """What happens to the next requests for these numbers; `times` None: until removed."""

    kind: Literal["refuse", "hang", "hold", "drop", "limit"]
    of: Callable[[str], bool]
    times: int | None
    status: int = 400
    code: int = 0
    wait: str = ""


class Refusal(Exception):
    """A refusal, with Twilio's error number."""

    def __init__(self, status: int, code: int, message: str, wait: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.wait = status, code, wait
