"""People, and who is on call when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator

from bot.domain.errors import Refused
from bot.domain.paging.page import Via
from bot.domain.paging.timed_ways import AT_ONCE, Later
from bot.domain.people.schedule import Rotation
from bot.runbook.addresses import Webhook
from bot.runbook.durations import format_duration
from bot.runbook.mistakes import advice, kind_of
from bot.runbook.parts import Keyed, key_of
from bot.runbook.values import (
    WEEKDAYS,
    Duration,
    Email,
    Name,
    Phone,
    SlackId,
    Text,
    Zone,
    a_list,
    as_written,
    read_by,
    some_time,
    time_of_day,
    weekday_of,
    wrong,
)
from bot.shipped import shelf

WhoKind = Literal["person", "schedule", "tier"]

# Rotations without `starts` count from this Monday, so that editing the file never shifts them.
LONG_AGO = date(2024, 1, 1)

# Dates outside these years are typos, and too extreme for computing handovers.
YEARS = range(1970, 2100)
# Somebody who writes `1m` means a month.
SHORTEST_SHIFT = timedelta(minutes=5)

ROTATIONS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}


@dataclass(frozen=True)
class Who:
    """A person, or the people behind a schedule or a tier. Written `ada`, `schedule/primary`, `tier/lead`."""

    kind: WhoKind
    key: str

    def __str__(self) -> str:
        return self.key if self.kind == "person" else f"{self.kind}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> "Who":
        head, slash, key = text.strip().partition("/")
        if not slash:
            return cls("person", head)
        if head == "schedule":
            return cls("schedule", key)
        if head == "tier":
            return cls("tier", key)
        raise Refused(f"“{text}” names nobody: say a person's key, schedule/<key> or tier/<key>")


@dataclass(frozen=True)
class HandoverTime:
    """When a shift changes. `weekday` counts from Monday = 0; None: every day."""

    weekday: int | None
    at: time

    def __str__(self) -> str:
        clock = self.at.strftime("%H:%M")
        return clock if self.weekday is None else f"{WEEKDAYS[self.weekday]} {clock}"

    @classmethod
    def parse(cls, text: str) -> "HandoverTime":
        """Parse `Mon 09:00` or `09:00`."""
        day, _, clock = text.strip().rpartition(" ")
        try:
            return cls(weekday_of(day) if day else None, time_of_day(clock))
        except Refused as error:
            raise Refused(f"“{text}” is not a handover: say for example Mon 09:00, or 09:00 for every day") from error


def rotation_of(text: str) -> timedelta:
    if text in ROTATIONS:
        return ROTATIONS[text]
    try:
        every = some_time(text)
    except Refused as error:
        raise Refused(f"“{text}” is not a rotation: say daily, weekly or a duration such as 12h") from error
    if every < SHORTEST_SHIFT:
        raise Refused(f"“{text}” is too short: a shift lasts 5m at least, and a month is written 30d or 4w")
    return every


def _some_day(day: date) -> date:
    if day.year not in YEARS:
        raise wrong(f"is out of reach: a schedule starts between {YEARS[0]} and {YEARS[-1]}")
    return day


def _usual_handover(seen: dict[str, Any]) -> HandoverTime:
    """Rotations of whole weeks change on Mondays, all others every morning."""
    in_weeks = not seen.get("rotates", ROTATIONS["weekly"]) % ROTATIONS["weekly"]
    return HandoverTime(0 if in_weeks else None, time(9))


_as_text = PlainSerializer(str, return_type=str, when_used="json")


def _known_way(name: object) -> Via:
    if not isinstance(name, str):
        raise wrong(f"should be {A_WAY}, is {kind_of(name)}")
    if name not in shelf("pagers"):
        raise wrong(f"“{name}” is not known here: {advice(name, shelf('pagers'))}")
    return name


def _way(written: object) -> Via | Later:
    """Parse `sms`, or `{sms: 2m}`."""
    if isinstance(written, Later):
        return written
    if not isinstance(written, Mapping):
        return _known_way(written)
    if len(written) != 1:
        raise wrong(f"should be {A_WAY}")
    [(name, wait)] = written.items()
    return Later(_known_way(name), _wait_of(wait))


def _wait_of(wait: object) -> timedelta:
    if not isinstance(wait, str):
        raise wrong(f"should be {A_WAY}: say how long it waits")
    try:
        return some_time(wait)
    except Refused as refusal:
        raise wrong(str(refusal)) from refusal


def _as_way(way: Via | Later) -> object:
    return {way.via: format_duration(way.after)} if isinstance(way, Later) else way


def _not_too_often(again: timedelta) -> timedelta:
    if again < LEAST_AGAIN:
        raise wrong(f"“{format_duration(again)}” is too often: at least {format_duration(LEAST_AGAIN)}")
    return again


LEAST_AGAIN = timedelta(minutes=1)
A_WAY = "a way such as sms, or one that waits such as {sms: 2m}"
TierWay = Annotated[
    Via | Later,
    PlainValidator(_way, json_schema_input_type=str | dict[str, str]),
    PlainSerializer(_as_way, when_used="json"),
]
WhoRef = Annotated[Who, read_by(Who.parse, "a person's key or schedule/<key>"), _as_text]


class Person(Keyed):
    """A person and every way to reach them. Without a Slack id they are looked up by email."""

    name: Name = Field(default_factory=key_of)
    email: Email | None = None
    phone: Phone | None = None
    slack: SlackId | None = None
    webhook: Webhook | None = None
    availability: Text | None = None


class Provider(Keyed):
    """A supplier: shown on request, never paged."""

    name: Name = Field(default_factory=key_of)
    email: Email | None = None
    phone: Phone | None = None


class Schedule(Keyed):
    """People who take turns. Rotations of whole days, or of a fraction of a day, follow local time in `timezone`.
    `remind`: how long before a shift its person is reminded, None: not at all. `announce`: post each handover in the
    incidents channel?"""

    people: Annotated[tuple[Name, ...], a_list("people"), Field(min_length=1)]
    rotates: Annotated[timedelta, read_by(rotation_of, "daily, weekly or a duration"), as_written] = ROTATIONS["weekly"]
    handover: Annotated[HandoverTime, read_by(HandoverTime.parse, "a handover such as Mon 09:00"), _as_text] = Field(
        default_factory=_usual_handover
    )
    starts: Annotated[date, AfterValidator(_some_day)] = LONG_AGO
    timezone: Zone = ZoneInfo("UTC")
    remind: Duration | None = None
    announce: bool = False

    @property
    def rotation(self) -> Rotation:
        """Who has it when, as the domain decides it."""
        return Rotation(self.people, self.rotates, self.handover.weekday, self.handover.at, self.starts, self.timezone)


class Tier(Keyed):
    """Who is paged together, and by which ways. A tier with an empty `who` is skipped. `again`: how often the same
    people are paged again before the next step; None: never."""

    name: Name = Field(default_factory=key_of)
    who: Annotated[tuple[WhoRef, ...], a_list("people and schedules")]
    via: Annotated[tuple[TierWay, ...], a_list("ways such as slack, email or sms"), Field(min_length=1)] = ("slack",)
    again: Annotated[Duration, AfterValidator(_not_too_often)] | None = None

    @property
    def waits(self) -> dict[Via, timedelta]:
        """How long after the step each way is used, in the order of the file."""
        return dict((way.via, way.after) if isinstance(way, Later) else (way, AT_ONCE) for way in self.via)
