"""What somebody means who answers a text."""

import re
from dataclasses import dataclass
from typing import Literal

Wish = Literal["acknowledge", "stop", "start", "nothing"]

# What the telephone companies themselves take for a wish to hear no more, or to hear again.
STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START = frozenset({"start", "unstop", "yes"})
ACKNOWLEDGE = re.compile(r"(?:ack|acknowledged?|ok)\b\W*(?:inc\W*)?(?P<number>\d{1,15})?", re.IGNORECASE)


@dataclass(frozen=True)
class TextReply:
    """`ref` names an incident; None: the one of the newest page."""

    wish: Wish
    ref: str | None = None


def reply_of(text: str) -> TextReply:
    """`ack`, `ACK INC-12`, `Stop.` …; whatever else is typed means nothing."""
    words = text.strip().strip(".!,'\"“”* ")
    if words.lower() in STOP:
        return TextReply("stop")
    if words.lower() in START:
        return TextReply("start")
    if found := ACKNOWLEDGE.fullmatch(words):
        return TextReply("acknowledge", f"INC-{found['number']}" if found["number"] else None)
    return TextReply("nothing")
