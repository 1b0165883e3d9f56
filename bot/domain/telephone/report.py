"""Later status reports for a text or call, and what they mean for its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# `unanswered`: it rang and nobody picked up; the page did reach the telephone.
Meaning = Literal["under way", "delivered", "unanswered", "failed"]


@dataclass(frozen=True)
class ProviderReport:
    """Later statuses rank higher. Reports arrive in any order, and repeatedly."""

    word: str
    rank: int
    meaning: Meaning
    words: str = ""


# Twilio's statuses for texts and calls. A call taken by an answering machine is delivered, and acknowledges nothing.
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
    """The report, if it goes beyond the `known` one; None also for an unknown status."""
    report = REPORTS.get(word.strip().lower())
    before = REPORTS.get(known or "")
    return report if report and (before is None or report.rank > before.rank) else None
