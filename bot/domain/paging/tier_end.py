"""What became of each tier of a ladder: whose page was taken, whose was not, and was anybody paged at all?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.paging.page import LOST, Page


@dataclass(frozen=True)
class TierEnd:
    """By person. `reached`: a provider has taken a page; `lost`: every page was refused or given up; `unsure`: one may
    have been taken unheard; `waiting`: none of these yet. All empty: nobody there could be paged."""

    tier: str
    reached: Sequence[str]
    lost: Sequence[str]
    waiting: Sequence[str]
    unsure: Sequence[str]

    @property
    def is_paged(self) -> bool:
        return bool(self.reached)


def tier_ends(tiers: Iterable[str], pages: Iterable[Page]) -> list[TierEnd]:
    """Of each tier, once, in the order of the ladder; `pages` are those of one run, whoever asked for them."""
    made = list(pages)
    return [_end(tier, [page for page in made if page.tier == tier]) for tier in dict.fromkeys(tiers)]


def _end(tier: str, pages: Sequence[Page]) -> TierEnd:
    people = dict.fromkeys(page.person for page in pages)
    reached = [who for who in people if any(page.is_accepted for page in pages if page.person == who)]
    lost = [who for who in people if all(page.state in LOST for page in pages if page.person == who)]
    left = [who for who in people if who not in (*reached, *lost)]
    unsure = [who for who in left if any(page.unsure for page in pages if page.person == who)]
    return TierEnd(tier, reached, lost, [who for who in left if who not in unsure], unsure)
