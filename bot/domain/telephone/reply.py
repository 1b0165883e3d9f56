"""What somebody means who replies to a text."""

import re
from dataclasses import dataclass
from typing import Literal

Wish = Literal["acknowledge", "stop", "start", "nothing"]

# Words that telephone companies themselves take as opting out and back in.
STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START = frozenset({"start", "unstop", "yes"})
ACKNOWLEDGE = re.compile(r"(?:ack|acknowledged?|ok)\b\W*(?:inc\W*)?(?P<number>\d{1,15})?", re.IGNORECASE)


@dataclass(frozen=True)
class TextReply:
    """`ref`: an incident; None: that of the newest page."""

    wish: Wish
    ref: str | None = None


def reply_of(text: str) -> TextReply:
    """Understands `ack`, `ACK INC-12`, `Stop.` …; anything else means nothing."""
    words = text.strip().strip(".!,'\"“”* ")
    if words.lower() in STOP:
        return TextReply("stop")
    if words.lower() in START:
        return TextReply("start")
    if found := ACKNOWLEDGE.fullmatch(words):
        return TextReply("acknowledge", f"INC-{found['number']}" if found["number"] else None)
    return TextReply("nothing")
