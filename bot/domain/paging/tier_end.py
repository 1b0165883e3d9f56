"""What became of each tier of a ladder: whose page was accepted, whose was not, whether anybody was paged at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.paging.page import LOST, Page, may_have_reached


@dataclass(frozen=True)
class TierEnd:
    """People by outcome. `reached`: a provider accepted a page; `unsure`: one may have been accepted unheard; `lost`:
    every page was refused or given up; `waiting`: none of these yet. All empty: nobody there could be paged."""

    tier: str
    reached: Sequence[str]
    lost: Sequence[str]
    waiting: Sequence[str]
    unsure: Sequence[str]

    @property
    def is_paged(self) -> bool:
        return bool(self.reached)


def tier_ends(tiers: Iterable[str], pages: Iterable[Page]) -> list[TierEnd]:
    """One per tier, in ladder order; `pages` are those of one run, including calls by hand."""
    made = list(pages)
    return [_end(tier, [page for page in made if page.tier == tier]) for tier in dict.fromkeys(tiers)]


def _end(tier: str, pages: Sequence[Page]) -> TierEnd:
    ends: dict[str, list[str]] = {"reached": [], "unsure": [], "lost": [], "waiting": []}
    for who in dict.fromkeys(page.person for page in pages):
        ends[_word(page for page in pages if page.person == who)].append(who)
    return TierEnd(tier, **ends)


def _word(pages: Iterable[Page]) -> str:
    """The outcome for one person."""
    own = list(pages)
    if any(page.is_accepted for page in own):
        return "reached"
    if may_have_reached(own):
        return "unsure"
    return "lost" if all(page.state in LOST for page in own) else "waiting"
