"""What the simulated Twilio keeps, and what a test has it do instead of saying yes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

from multidict import MultiDict

Kind = Literal["sms", "voice"]


@dataclass
class Item:
    """A text or a call that was taken. `body` is the text; of a call it is what is said, once it is known."""

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
        """Where the bot said that it can be reached; None when it did not."""
        return self.fields["StatusCallback"].partition("/twilio/")[0] if "StatusCallback" in self.fields else None


@dataclass
class Fault:
    """What happens to the next requests about these numbers; `times` None: until it is taken away."""

    kind: Literal["refuse", "hang", "hold", "drop", "limit"]
    of: Callable[[str], bool]
    times: int | None
    status: int = 400
    code: int = 0
    wait: str = ""


class Refusal(Exception):
    """A no, by the number that Twilio gives it."""

    def __init__(self, status: int, code: int, message: str, wait: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.wait = status, code, wait
