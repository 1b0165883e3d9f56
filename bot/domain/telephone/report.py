"""What a telephone company reports of a text or call after it took it, and what that means for a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# `unanswered`: it rang, and nobody took it. The page has reached the telephone all the same.
Meaning = Literal["under way", "delivered", "unanswered", "failed"]


@dataclass(frozen=True)
class ProviderReport:
    """A later report has a higher rank. They arrive in any order, and more than once."""

    word: str
    rank: int
    meaning: Meaning
    words: str = ""


# In Twilio's words, of texts and of calls. A call that a machine takes is delivered too, and acknowledges nothing.
REPORTS: Mapping[str, ProviderReport] = {
    report.word: report
    for report in (
        ProviderReport("accepted", 0, "under way"),
        ProviderReport("scheduled", 0, "under way"),
        ProviderReport("queued", 1, "under way"),
        ProviderReport("sending", 2, "under way"),
        ProviderReport("sent", 3, "under way"),
        ProviderReport("failed", 4, "failed", "it could not be sent"),
        ProviderReport("undelivered", 4, "failed", "it was not delivered"),
        ProviderReport("canceled", 4, "failed", "it was taken back"),
        ProviderReport("initiated", 2, "under way"),
        ProviderReport("ringing", 3, "under way"),
        ProviderReport("busy", 4, "unanswered", "the line was busy"),
        ProviderReport("no-answer", 4, "unanswered", "nobody picked up"),
        ProviderReport("delivered", 5, "delivered"),
        ProviderReport("read", 6, "delivered"),
        ProviderReport("in-progress", 5, "delivered"),
        ProviderReport("completed", 6, "delivered"),
    )
}


def news(known: str | None, word: str) -> ProviderReport | None:
    """The report, when it says more than the one that is `known`; None also for a word that nobody has heard of."""
    report = REPORTS.get(word.strip().lower())
    before = REPORTS.get(known or "")
    return report if report and (before is None or report.rank > before.rank) else None
