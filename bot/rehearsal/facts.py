"""What happened in a rehearsal: the script's events, what reached people, and what the bot recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

# `event`: of the script; `undone`: a deed of the script that couldn't be done; `entry`: another timeline entry.
Kind = Literal["event", "undone", "declared", "entry", "acknowledged", "resolved", "paged", "said", "told"]
# The order of facts with the same time: causes first.
ORDER: tuple[Kind, ...] = ("event", "undone", "declared", "said", "paged", "acknowledged", "entry", "told", "resolved")


@dataclass(frozen=True)
class Fact:
    """`who`: keys of people, several if they share an address. `via`: how a page or update arrived; for an `event`,
    what happened: firing, resolved, away, back, killed, inject, deed.

    `place`: the channel of a message, without `#`. `text`: what was said, written or typed, verbatim.
    """

    at: datetime
    kind: Kind
    text: str = ""
    who: tuple[str, ...] = ()
    via: str = ""
    audience: str = ""
    severity: str = ""
    place: str = ""
    incident: str = ""

    @property
    def rank(self) -> tuple[datetime, int]:
        return self.at, ORDER.index(self.kind)
