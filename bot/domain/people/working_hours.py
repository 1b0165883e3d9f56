"""Working hours: weekdays and wall-clock times, and durations that count only these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.people.schedule import DAY, instant_of


@dataclass(frozen=True)
class WorkingHours:
    """`days`: Monday = 0, at least one. If `ends` is not after `begins`, it is on the next day."""

    days: frozenset[int]
    begins: time
    ends: time
    zone: ZoneInfo

    def is_open(self, now: datetime) -> bool:
        return self.opening(now) == now

    def opening(self, now: datetime) -> datetime:
        """The first working instant from `now` on."""
        return max(now, next(self._days_from(now))[0])

    def after(self, now: datetime, span: timedelta) -> datetime:
        """The instant by which people will have worked for `span` since `now`; for zero, the next opening."""
        left = span
        for opens, closes in self._days_from(now):
            begins = max(now, opens)
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        raise AssertionError("days come without end")

    def between(self, now: datetime, then: datetime) -> timedelta:
        """Working time from `now` to `then`; zero if `then` is not later."""
        worked = timedelta(0)
        for opens, closes in self._days_from(now):
            if opens >= then:
                return worked
            worked += max(min(closes, then) - max(opens, now), timedelta(0))
        raise AssertionError("days come without end")

    def next_day_ends(self, now: datetime) -> datetime:
        """The end of the next working day after the calendar day of `now`."""
        today = now.astimezone(self.zone).date()
        return next(closes for opens, closes in self._days_from(now) if opens.astimezone(self.zone).date() > today)

    def as_json(self) -> dict[str, Any]:
        return {
            "days": sorted(self.days), "begins": self.begins.isoformat(), "ends": self.ends.isoformat(),
            "zone": self.zone.key,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "WorkingHours":
        begins, ends = time.fromisoformat(value["begins"]), time.fromisoformat(value["ends"])
        return cls(frozenset(value["days"]), begins, ends, ZoneInfo(value["zone"]))

    def _days_from(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing of each day not over at `now`. Starts a day early, for a night shift still on."""
        day = now.astimezone(self.zone).date() - DAY
        while True:
            if day.weekday() in self.days:
                opens = instant_of(day, self.begins, self.zone)
                closes = instant_of(day if self.begins < self.ends else day + DAY, self.ends, self.zone)
                # A day whose hours are all skipped by the clocks has no length.
                if max(now, opens) < closes:
                    yield opens, closes
            day += DAY


def after(hours: WorkingHours | None, now: datetime, span: timedelta) -> datetime:
    """`hours` None: all time counts."""
    return hours.after(now, span) if hours else now + span


def opening(hours: WorkingHours | None, now: datetime) -> datetime:
    return hours.opening(now) if hours else now


def begins_after(hours: WorkingHours | None, now: datetime, span: timedelta) -> datetime:
    """`after` for something that begins then, such as paging: moved from closing time to the next opening."""
    return opening(hours, after(hours, now, span))


def between(hours: WorkingHours | None, now: datetime, then: datetime) -> timedelta:
    """The time that counts from `now` to `then`, which must not be earlier; `hours` None: all of it."""
    return hours.between(now, then) if hours else then - now
