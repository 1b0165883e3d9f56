"""Dry run of a ladder: who would be paged, when and how, if nobody answered."""

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
    """A way somebody would be paged by, `wait` after the step. `gap`: why it would not reach them; None: nothing known
    against it."""

    person: str
    via: Via
    gap: str | None = None
    wait: timedelta = AT_ONCE


@dataclass(frozen=True)
class Rung:
    """A step and whom it would page. `ways` empty: nobody is in the tier. `again`: the interval of its repeats before
    the next step, `rounds` their total including the first; `hours` as in Policy."""

    at: datetime
    tier: str
    loop: int
    ways: tuple[PlannedPage, ...]
    again: timedelta | None = None
    rounds: int = 1
    hours: WorkingHours | None = None

    def time_of(self, way: PlannedPage) -> datetime:
        """When this way would be used."""
        return begins_after(self.hours, self.at, way.wait) if way.wait else self.at

    @property
    def people(self) -> list[str]:
        return list(dict.fromkeys(way.person for way in self.ways))

    @property
    def reaches(self) -> bool:
        """Whether anybody would be reached; if not, the next tier is paged at once."""
        return any(way.gap is None for way in self.ways)


@dataclass(frozen=True)
class Simulation:
    """`ends_at`: when it would be announced that nobody answered."""

    rungs: tuple[Rung, ...]
    ends_at: datetime

    @property
    def needs_seconds(self) -> bool:
        """Whether two of its instants fall in the same minute."""
        instants = {rung.at for rung in self.rungs} | {self.ends_at}
        return len({at.replace(second=0, microsecond=0) for at in instants}) < len(instants)


def simulate(policy: Policy, begins: datetime, ways_at: Callable[[str, datetime], Sequence[PlannedPage]]) -> Simulation:
    """Climb the ladder from `begins`. `ways_at(tier key, instant)`: whom the tier would page at that instant."""
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
    """Drop the waits of people whom no immediate way would reach."""
    for way in ways:
        waits = {own.via: own.wait for own in ways if own.person == way.person}
        usable = {own.via for own in ways if own.person == way.person and own.gap is None}
        yield replace(way, wait=waits_for(waits, usable).get(way.via, way.wait))


def _rounds(move: Climb) -> int:
    """How often this step's people are paged before the next step."""
    return ceil(move.step.wait / move.step.again) if move.step and move.step.again else 1
