"""What happened in a rehearsal: what was done to the bot, what reached somebody, and what it wrote down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

# `event`: of the script; `undone`: a deed of the script that could not be done; `entry`: any other of the timeline.
Kind = Literal["event", "undone", "declared", "entry", "acknowledged", "resolved", "paged", "said", "told"]
# Of what happened at one instant, what was the cause of the rest.
ORDER: tuple[Kind, ...] = ("event", "undone", "declared", "said", "paged", "acknowledged", "entry", "told", "resolved")


@dataclass(frozen=True)
class Fact:
    """`who` are keys of people: several where they share an address. `via`: how a page or an update arrived; of an
    `event` what happened: firing, resolved, away, back, killed, inject, deed.

    `place`: the channel of what was said, without its `#`. `text`: what was said, written or typed, as it was.
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
