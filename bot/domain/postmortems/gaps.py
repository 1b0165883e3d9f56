"""What did not happen: long silences, and pages unanswered for long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from bot.domain.paging.page import Page

# Silence worth a line where the severity promises no updates.
USUAL_SILENCE = timedelta(minutes=30)
# A page answered within this is not worth a line.
SOON = timedelta(minutes=5)


@dataclass(frozen=True)
class Gap:
    """`update`: nobody wrote an update; `page`: nobody answered `person`'s page; `until` None: nobody ever did."""

    kind: Literal["update", "page"]
    since: datetime
    until: datetime | None
    person: str = ""

    @property
    def length(self) -> timedelta | None:
        return self.until - self.since if self.until else None


def silences(heard: Iterable[datetime], begins: datetime, ends: datetime, patience: timedelta | None) -> list[Gap]:
    """Stretches of the incident without any of these, longer than promised.

    `patience` None: nothing was promised.
    """
    limit = patience or USUAL_SILENCE
    within = sorted(at for at in heard if begins <= at <= ends)
    instants = [begins, *within, ends]
    pairs = pairwise(instants)
    return [Gap("update", since, until) for since, until in pairs if until - since > limit]


def unanswered(pages: Iterable[Page], answers: Sequence[datetime], ends: datetime) -> list[Gap]:
    """Accepted pages left unanswered, one per person and step; `answers`: times of acknowledgements."""
    found: dict[tuple[str, int, int, int], Gap] = {}
    for page in pages:
        key = (page.person, page.run, page.loop, page.step)
        if page.accepted_at is None or key in found:
            continue
        until = min((at for at in answers if page.accepted_at <= at), default=None)
        if (until or ends) - page.accepted_at > SOON:
            found[key] = Gap("page", page.accepted_at, until, page.person)
    return sorted(found.values(), key=lambda gap: gap.since)
