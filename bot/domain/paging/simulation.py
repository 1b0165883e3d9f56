"""A ladder climbed on paper: who would be paged, when and by what, if nobody answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.paging.escalation import Ladder, Policy, climb
from bot.domain.paging.page import Via


@dataclass(frozen=True)
class PlannedPage:
    """By what somebody would be paged. `gap` is why that would not reach them; None: nothing speaks against it."""

    person: str
    via: Via
    gap: str | None = None


@dataclass(frozen=True)
class Rung:
    """A step with whom it would page. No `ways`: nobody is in the tier."""

    at: datetime
    tier: str
    loop: int
    ways: tuple[PlannedPage, ...]

    @property
    def people(self) -> list[str]:
        return list(dict.fromkeys(way.person for way in self.ways))

    @property
    def reaches(self) -> bool:
        """Would anybody be reached? If not, the next tier is paged at once."""
        return any(way.gap is None for way in self.ways)


@dataclass(frozen=True)
class Simulation:
    """`ends_at` is when it would be said that nobody has answered."""

    rungs: tuple[Rung, ...]
    ends_at: datetime

    @property
    def needs_seconds(self) -> bool:
        """Would two of its instants be the same minute on a clock?"""
        instants = {rung.at for rung in self.rungs} | {self.ends_at}
        return len({at.replace(second=0, microsecond=0) for at in instants}) < len(instants)


def simulate(policy: Policy, begins: datetime, ways_at: Callable[[str, datetime], Sequence[PlannedPage]]) -> Simulation:
    """`ways_at` tells whom a tier, by its key, would page at an instant."""
    at = policy.begins(begins)
    ladder = Ladder(policy, next_at=at)
    rungs = []
    while (move := climb(ladder, at)).step:
        rung = Rung(at, move.step.tier, move.loop, tuple(ways_at(move.step.tier, at)))
        rungs.append(rung)
        ladder = move.ladder
        at = ladder.next_at if rung.reaches and ladder.next_at else at
    return Simulation(tuple(rungs), at)
