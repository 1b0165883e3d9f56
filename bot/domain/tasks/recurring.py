"""Recurring work: when it is due, and what became of it each time."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.domain.actor import TOCSIN
from bot.domain.people.schedule import instant_of
from bot.domain.tasks.proof import Proof

Period = Literal["day", "week", "month", "quarter"]

DAY = timedelta(days=1)
QUARTER_BEGINS = (1, 4, 7, 10)


@dataclass(frozen=True)
class Recurring:
    """`weekday`: for weekly work (Monday is 0); `day`: for monthly and quarterly work, there of the quarter's first
    month. `proved_by` None: only a person can confirm it."""

    what: str
    every: Period
    at: time
    weekday: int
    day: int
    proved_by: Proof | None = None

    @property
    def key(self) -> str:
        return f"{self.every} {self.what}"

    def falls_on(self, on: date) -> bool:
        match self.every:
            case "day":
                return True
            case "week":
                return on.weekday() == self.weekday
            case "month":
                return on.day == self.day
        return on.day == self.day and on.month in QUARTER_BEGINS

    def days_from(self, on: date) -> Iterator[date]:
        """The days it is due, from this one on, without end."""
        while True:
            if self.falls_on(on):
                yield on
            on += DAY

    def instant(self, on: date, zone: ZoneInfo) -> datetime:
        return instant_of(on, self.at, zone)

    def instant_before(self, on: date, zone: ZoneInfo) -> datetime:
        """When it was last due before."""
        day = on - DAY
        while not self.falls_on(day):
            day -= DAY
        return self.instant(day, zone)

    def first_after(self, now: datetime, zone: ZoneInfo) -> date:
        today = now.astimezone(zone).date()
        return next(on for on in self.days_from(today) if self.instant(on, zone) > now)


@dataclass(frozen=True)
class Occurrence:
    """One occurrence. `missed_at`: when the next one fell due with this one not done. `card`: the first of the
    occurrences that share its message; None: never posted."""

    id: int
    task: str
    what: str
    every: Period
    due_on: date
    due_at: datetime
    look_at: datetime | None = None
    posted_at: datetime | None = None
    card: int | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    evidence: str = ""
    missed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.missed_at is None

    def is_overdue(self, now: datetime, zone: ZoneInfo) -> bool:
        """It has been open for a day."""
        return self.is_open and told_overdue_at(self.due_at, self.due_at, zone) <= now

    @property
    def is_proved(self) -> bool:
        """The bot saw that it was done."""
        return self.done_at is not None and self.done_by == TOCSIN.name

    @property
    def late(self) -> timedelta | None:
        """How late it was done; None: not done."""
        return max(self.done_at - self.due_at, timedelta(0)) if self.done_at else None


def told_overdue_at(due_at: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after `after`, and at least a day after it was due, at the same wall-clock time. Not every 24
    hours, or a clock change would put old and new ones an hour apart."""
    due = due_at.astimezone(zone)
    day = max(due.date() + DAY, after.astimezone(zone).date())
    at = instant_of(day, due.time(), zone)
    return at if at > after else instant_of(day + DAY, due.time(), zone)


def month_of(first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The beginning and end of this month."""
    days = calendar.monthrange(first.year, first.month)[1]
    return instant_of(first.replace(day=1), time(0), zone), instant_of(
        first.replace(day=1) + timedelta(days=days), time(0), zone
    )
