"""What did not happen: stretches without a word, and pages that nobody answered for long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from bot.domain.paging.page import Page

# Where a severity promises no updates, silence is worth a line after this.
USUAL_SILENCE = timedelta(minutes=30)
# A page that is answered sooner has not been waited for.
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
    """Between the beginning and the end, stretches without any of these that are longer than was promised.

    `patience` None: nothing was promised."""
    limit = patience or USUAL_SILENCE
    within = sorted(at for at in heard if begins <= at <= ends)
    instants = [begins, *within, ends]
    pairs = pairwise(instants)
    return [Gap("update", since, until) for since, until in pairs if until - since > limit]


def unanswered(pages: Iterable[Page], answers: Sequence[datetime], ends: datetime) -> list[Gap]:
    """Of those that were accepted, one for each person and step; `answers`: when somebody has acknowledged."""
    found: dict[tuple[str, int, int, int], Gap] = {}
    for page in pages:
        key = (page.person, page.run, page.loop, page.step)
        if page.accepted_at is None or key in found:
            continue
        until = min((at for at in answers if page.accepted_at <= at), default=None)
        if (until or ends) - page.accepted_at > SOON:
            found[key] = Gap("page", page.accepted_at, until, page.person)
    return sorted(found.values(), key=lambda gap: gap.since)
