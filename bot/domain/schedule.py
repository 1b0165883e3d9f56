"""Who is on call: rotations that hand over at a wall-clock time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rotation:
    """People who take turns. `every` of whole days is counted on the calendar, anything else in elapsed time.

    `weekday` (0 = Monday) is None when the hand-over has no day of its own.
    """

    people: Sequence[str]
    every: timedelta
    weekday: int | None
    at: time
    starts: date
    zone: ZoneInfo


@dataclass(frozen=True)
class Shift:
    person: str
    begins: datetime
    ends: datetime


def on_call(rotation: Rotation, now: datetime) -> Shift:
    """The shift that covers this instant. Before the first shift, its person is on call already."""
    number = max(0, _shift_number(rotation, now))
    person = rotation.people[number % len(rotation.people)]
    return Shift(person, handover(rotation, number), handover(rotation, number + 1))


def handover(rotation: Rotation, number: int) -> datetime:
    """When shift `number` begins (0 is the first one), in UTC.

    A hand-over in an hour that the clocks skip happens at the first instant after it; in an hour that comes twice, at
    the first of the two.
    """
    first = _first_handover_day(rotation)
    if rotation.every % DAY:
        return _instant(first, rotation.at, rotation.zone) + number * rotation.every
    return _instant(first + number * rotation.every, rotation.at, rotation.zone)


def _shift_number(rotation: Rotation, now: datetime) -> int:
    guess = (now - handover(rotation, 0)) // rotation.every
    # A change of the clocks moves a hand-over by an hour or so: the guess is at most one off.
    for number, following in pairwise(range(guess + 1, guess - 3, -1)):
        if handover(rotation, number) <= now:
            return number
        if handover(rotation, following) <= now:
            return following
    return guess - 2


def _first_handover_day(rotation: Rotation) -> date:
    """The first shift begins at the hand-over on or before `starts`."""
    if rotation.weekday is None:
        return rotation.starts
    return rotation.starts - timedelta(days=(rotation.starts.weekday() - rotation.weekday) % 7)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, at, zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        return _first_instant_after_gap(local, zone)
    return local.astimezone(UTC)


def _first_instant_after_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """`local` does not exist, the clocks jumped over it: find the jump, to the second, by halving."""
    jump = abs((local.utcoffset() or DAY) - (local.replace(fold=1).utcoffset() or DAY))
    high = local.astimezone(UTC)
    low = high - jump
    offset_before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset_before else (low, middle)
    return high.replace(microsecond=0)
