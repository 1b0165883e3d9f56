"""Who is on call, by the runbook's schedules and covers."""

from abc import ABC, abstractmethod
from datetime import datetime

from bot.domain.people.schedule import Cover, Shift, duty
from bot.runbook import Person, Runbook, Tier

# How many consecutive shifts `has_throughout` looks through before it gives up and says no.
MOST_SHIFTS = 1000


class Shifts(ABC):
    """By the covers learned so far."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook
        self._covers: list[Cover] = []

    @abstractmethod
    def person(self, key: str) -> Person | None:
        """None when nobody is called so."""

    @abstractmethod
    def is_same(self, name: str, other: str) -> bool:
        """Whether both are names of one person."""

    def in_tier(self, tier: Tier, now: datetime) -> list[str]:
        """Keys of the people a page to this tier goes to now, without duplicates, in the runbook's order."""
        found: dict[str, None] = {}
        for entry in tier.who:
            if entry.kind == "person":
                found[entry.key] = None
            elif entry.key in self._runbook.schedules:
                found[self.shift(entry.key, now).person] = None
        return list(found)

    def ever_in_tier(self, tier: Tier) -> set[str]:
        """Everybody the runbook names for this tier, on call or not; covers aside."""
        schedules = self._runbook.schedules
        named = {entry.key for entry in tier.who if entry.kind == "person"}
        rotas = [schedules[entry.key] for entry in tier.who if entry.kind != "person" and entry.key in schedules]
        return named.union(*(rota.people for rota in rotas))

    def shift(self, schedule: str, now: datetime) -> Shift:
        """The shift at `now`, by the covers last learned."""
        return duty(self._runbook.schedules[schedule].rotation, self.covers_of(schedule), now)

    def has_throughout(self, schedule: str, name: str, begins: datetime, ends: datetime) -> bool:
        """Whether `name` has every shift between the two instants, by the covers last learned."""
        for _ in range(MOST_SHIFTS):
            shift = self.shift(schedule, begins)
            if not self.is_same(name, shift.person):
                return False
            if shift.ends >= ends:
                return True
            begins = shift.ends
        return False

    def entitled(self, schedule: str, now: datetime) -> str:
        """Who holds this schedule's permissions now: as `shift`, but ignoring covers by people it doesn't name."""
        named = self._runbook.schedules[schedule].people
        members = [one for one in self.covers_of(schedule) if any(self.is_same(one.person, key) for key in named)]
        return duty(self._runbook.schedules[schedule].rotation, members, now).person

    def next_shift(self, schedule: str, now: datetime) -> Shift:
        return self.shift(schedule, self.shift(schedule, now).ends)

    def covers_of(self, schedule: str) -> list[Cover]:
        """This schedule's covers as last learned, without those by people since removed from the runbook."""
        return [one for one in self._covers if one.schedule == schedule and self.person(one.person)]
