"""What a mail server means by "not now": this letter, this connection, one connection too many, or everything of ours.

The codes don't tell: 421, 450, 451 and 452 are used for each of them, so the words decide. Mistaking something else for
a limit delays other letters by one try; mistaking a limit for a reply about one letter makes every letter try in vain.
"""

import re
from typing import Literal

Meant = Literal["letter", "conversation", "crowd", "everything"]

CLOSES = 421

# About this connection only: the next one may go on.
CONVERSATION = re.compile(r"\bthis (?:connection|session)\b", re.IGNORECASE)
CROWD = re.compile(r"\b(?:concurrent|simultaneous)\b|\btoo many (?:\w+ ){0,2}(?:connections|sessions)\b", re.IGNORECASE)
RATE = re.compile(
    r"\brate\b|\bratelimit|\boverlimit\b|\bthrottl|\btoo (?:many|much|fast|quickly)\b|\blimit(?:s|ed)?\b|\bquota\b"
    r"|\bexceed|\bslow down\b",
    re.IGNORECASE,
)
# About one recipient, one letter, or mistakes, even if it mentions a limit. In RFC 3463 codes the second number is 1
# for addresses and 2 for mailboxes.
OTHERWISE = re.compile(
    r"^\d\.[12]\.\d|\bgr[ea]y-?list|\bmailbox\b|\b(?:this|the) (?:recipient|user|address)\b|\brecipient thread\b"
    r"|\b(?:size|disk|storage|space)\b|\btime-?out\b|\btimed out\b|\b(?:errors|hops|invalid|unknown|bad|failed)\b",
    re.IGNORECASE,
)


def meant_by(code: int, words: str) -> Meant:
    """What a negative reply is about. "everything": it takes no letter of ours for now."""
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
