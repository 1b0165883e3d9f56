"""A ladder climbed on paper: who would be paged, when and by what, if nobody answered."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from bot.domain.paging.escalation import Climb, Ladder, Policy, climb
from bot.domain.paging.page import Via
from bot.domain.paging.timed_ways import AT_ONCE, waits_for
from bot.domain.people.working_hours import WorkingHours, begins_after


@dataclass(frozen=True)
class PlannedPage:
    """By what somebody would be paged, and how long after the step. `gap` is why that would not reach them; None:
    nothing speaks against it."""

    person: str
    via: Via
    gap: str | None = None
    wait: timedelta = AT_ONCE


@dataclass(frozen=True)
class Rung:
    """A step with whom it would page. No `ways`: nobody is in the tier. `again`: how often they would be paged once
    more before the next step, and so many `rounds` in all; `hours` as in Policy."""

    at: datetime
    tier: str
    loop: int
    ways: tuple[PlannedPage, ...]
    again: timedelta | None = None
    rounds: int = 1
    hours: WorkingHours | None = None

    def time_of(self, way: PlannedPage) -> datetime:
        """When somebody would be paged by this way."""
        return begins_after(self.hours, self.at, way.wait) if way.wait else self.at

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
        rung = Rung(at, move.step.tier, move.loop, tuple(_sped_up(ways_at(move.step.tier, at))), hours=policy.hours)
        rounds = _rounds(move) if rung.reaches else 1
        rungs.append(replace(rung, again=move.step.again if rounds > 1 else None, rounds=rounds))
        ladder = move.ladder
        at = ladder.next_at if rung.reaches and ladder.next_at else at
    return Simulation(tuple(rungs), at)


def _sped_up(ways: Sequence[PlannedPage]) -> Iterator[PlannedPage]:
    """Whoever would be reached by nothing at once would be paged by what waits without waiting."""
    for way in ways:
        waits = {own.via: own.wait for own in ways if own.person == way.person}
        usable = {own.via for own in ways if own.person == way.person and own.gap is None}
        yield replace(way, wait=waits_for(waits, usable).get(way.via, way.wait))


def _rounds(move: Climb) -> int:
    """How often the people of this step are paged until the next one."""
    return ceil(move.step.wait / move.step.again) if move.step and move.step.again else 1
