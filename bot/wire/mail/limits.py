"""What a mail server means by "not now": this letter, this conversation, one conversation too many, or all of ours.

The codes do not tell: 421, 450, 451 and 452 are said of each of them, so the words decide. Who takes too much for a
limit delays others by one try; who takes a limit for a word about one letter has every letter of ours knock in vain.
"""

import re
from typing import Literal

Meant = Literal["letter", "conversation", "crowd", "everything"]

CLOSES = 421

# Of this conversation alone: the next one may go on.
CONVERSATION = re.compile(r"\bthis (?:connection|session)\b", re.IGNORECASE)
CROWD = re.compile(r"\b(?:concurrent|simultaneous)\b|\btoo many (?:\w+ ){0,2}(?:connections|sessions)\b", re.IGNORECASE)
RATE = re.compile(
    r"\brate\b|\bratelimit|\boverlimit\b|\bthrottl|\btoo (?:many|much|fast|quickly)\b|\blimit(?:s|ed)?\b|\bquota\b"
    r"|\bexceed|\bslow down\b",
    re.IGNORECASE,
)
# Of one reader, of one letter, or of mistakes: also when it speaks of a limit. RFC 3463 numbers what is about an
# address 1, and what is about a mailbox 2.
OTHERWISE = re.compile(
    r"^\d\.[12]\.\d|\bgr[ea]y-?list|\bmailbox\b|\b(?:this|the) (?:recipient|user|address)\b|\brecipient thread\b"
    r"|\b(?:size|disk|storage|space)\b|\btime-?out\b|\btimed out\b|\b(?:errors|hops|invalid|unknown|bad|failed)\b",
    re.IGNORECASE,
)


def meant_by(code: int, words: str) -> Meant:
    """What an answer that is not a yes is about. "everything": it takes no letter of ours for now."""
    if not 400 <= code < 500:
        return "letter"
    if CONVERSATION.search(words):
        return "conversation"
    is_of_us = not OTHERWISE.search(words.strip())
    if is_of_us and CROWD.search(words):
        return "crowd"
    if is_of_us and RATE.search(words):
        return "everything"
    return "conversation" if code == CLOSES else "letter"
