"""Working hours: severities that can wait are paged only then."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from bot.domain.people.working_hours import WorkingHours
from bot.runbook.defaults import USUAL_ZONE
from bot.runbook.parts import Part
from bot.runbook.values import WEEKDAYS, TimeOfDay, Zone, a_list, read_by, weekday_of, wrong

# With shorter days, a promise of a few hours would take months.
SHORTEST = timedelta(hours=1)
A_DAY = timedelta(days=1)


def _day(text: str) -> str:
    return WEEKDAYS[weekday_of(text)]


Weekday = Annotated[str, read_by(_day, "a day of the week such as Mon")]


class WorkingTimes(Part):
    """If `to` isn't after `from`, it is on the next day."""

    days: Annotated[tuple[Weekday, ...], a_list("days of the week"), Field(min_length=1)] = WEEKDAYS[:5]
    begins: TimeOfDay = Field(time(9), alias="from")
    ends: TimeOfDay = Field(time(17), alias="to")
    timezone: Zone = ZoneInfo(USUAL_ZONE)

    @model_validator(mode="after")
    def _long_enough(self) -> "WorkingTimes":
        length = _on_one_day(self.ends) - _on_one_day(self.begins)
        if timedelta(0) < length < SHORTEST:
            raise wrong("a working day is at least an hour long")
        return self

    @property
    def hours(self) -> WorkingHours:
        days = frozenset(WEEKDAYS.index(day) for day in self.days)
        return WorkingHours(days, self.begins, self.ends, self.timezone)


def _on_one_day(at: time) -> datetime:
    return datetime.combine(datetime(2000, 1, 1, tzinfo=UTC), at)
