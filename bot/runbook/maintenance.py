"""Recurring tasks, and how early planned work is announced."""

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, ValidationInfo, field_validator

from bot.domain.errors import Refused
from bot.domain.tasks.proof import Proof
from bot.domain.tasks.recurring import Recurring
from bot.runbook.parts import Part
from bot.runbook.values import WEEKDAYS, Duration, Text, TimeOfDay, a_list, read_by, weekday_of, wrong

Round = Literal["day", "week", "month", "quarter"]

# Every month has a 28th.
LAST_DAY = 28


ProvedBy = Annotated[
    Proof, read_by(Proof.parse, "a text such as backup"), PlainSerializer(str, return_type=str, when_used="json")
]


class MaintenanceTask(Part):
    """`on`: the day of the week for a weekly task, of the (first) month for a monthly or quarterly one. `proved_by`:
    what the bot accepts as proof that it was done."""

    do: Text
    every: Round
    at: TimeOfDay = time(9)
    on: str | int | None = None
    proved_by: ProvedBy | None = None

    @property
    def recurring(self) -> Recurring:
        """The domain object that decides when it is due."""
        return Recurring(self.do, self.every, self.at, self.weekday, self.day, self.proved_by)

    @property
    def weekday(self) -> int:
        """For a weekly task: Monday is 0, the default."""
        return WEEKDAYS.index(self.on) if isinstance(self.on, str) else 0

    @property
    def day(self) -> int:
        """For a monthly or quarterly task: the first by default."""
        return self.on if isinstance(self.on, int) else 1

    @field_validator("on", mode="before")
    @classmethod
    def _day_fits(cls, on: object, seen: ValidationInfo) -> object:
        return _day_of(seen.data.get("every"), on) if seen.data.get("every") else on


def _day_of(every: object, on: object) -> object:
    if every == "week":
        try:
            return WEEKDAYS[weekday_of(str(on))]
        except Refused as refusal:
            raise wrong(str(refusal)) from refusal
    if every in ("month", "quarter"):
        if not str(on).isdecimal() or not 1 <= int(str(on)) <= LAST_DAY:
            raise wrong(f"“{on}” is not a day every month has: say 1 to {LAST_DAY}")
        return int(str(on))
    raise wrong("only a task of every week, month or quarter has a day")


class Maintenance(Part):
    """`notice`: how long before its start planned work is announced."""

    notice: Duration = timedelta(hours=48)
    tasks: Annotated[tuple[MaintenanceTask, ...], a_list("tasks")] = Field(default=())

    @property
    def recurring(self) -> dict[str, Recurring]:
        """The tasks by key; of two equal ones, the last."""
        return {one.key: one for one in (task.recurring for task in self.tasks)}
