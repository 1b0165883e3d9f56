"""Who is on call: rotations that hand over at a wall-clock time, and covers, which beat them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
# The smallest step of a datetime: what is just before an instant.
INSTANT = timedelta.resolution


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
    """`covers_for` is whose turn it would be; None: it is their own."""

    person: str
    begins: datetime
    ends: datetime
    covers_for: str | None = None


@dataclass(frozen=True)
class Cover:
    """Somebody takes over for a while. Of two that overlap, the newer one (with the greater id) counts."""

    id: int
    schedule: str
    person: str
    begins: datetime
    ends: datetime
    made_by: str

    def holds_at(self, instant: datetime) -> bool:
        return self.begins <= instant < self.ends


def duty(rotation: Rotation, covers: Sequence[Cover], now: datetime) -> Shift:
    """Who really has it at this instant, and from when until when without a break.

    Whoever never hands over to anybody else has the shift of their rotation.
    """
    own = _stint(rotation, covers, now)
    # Between two people there are at most so many shifts and covers of one of them in a row.
    most = len(rotation.people) + 2 * len(covers) + 1
    ends = _reach(own, lambda shift: _stint(rotation, covers, shift.ends), most)
    begins = _reach(own, lambda shift: _stint(rotation, covers, shift.begins - INSTANT), most)
    return replace(own, begins=begins.begins, ends=ends.ends)


def on_call(rotation: Rotation, now: datetime) -> Shift:
    """The shift that covers this instant. Before the first shift, its person is on call already."""
    number = max(0, _shift_number(rotation, now))
    person = rotation.people[number % len(rotation.people)]
    return Shift(person, handover(rotation, number), handover(rotation, number + 1))


def _stint(rotation: Rotation, covers: Sequence[Cover], now: datetime) -> Shift:
    """The piece between two instants at which something begins or ends."""
    cover = max((one for one in covers if one.holds_at(now)), key=lambda one: one.id, default=None)
    turn = on_call(rotation, now)
    stint = turn
    if cover:
        covers_for = None if cover.person == turn.person else turn.person
        stint = Shift(cover.person, cover.begins, cover.ends, covers_for)
    edges = [edge for one in covers if cover is None or one.id > cover.id for edge in (one.begins, one.ends)]
    begins = max([stint.begins, *(edge for edge in edges if edge <= now)])
    ends = min([stint.ends, *(edge for edge in edges if edge > now)])
    return replace(stint, begins=begins, ends=ends)


def _reach(own: Shift, beside: Callable[[Shift], Shift], most: int) -> Shift:
    """As far as the same person has it; `own` when that has no end."""
    last = own
    for _ in range(most):
        following = beside(last)
        if following.person != own.person:
            return last
        last = following
    return own


def handover(rotation: Rotation, number: int) -> datetime:
    """When shift `number` begins (0 is the first one), in UTC.

    A hand-over in an hour that the clocks skip happens at the first instant after it; in an hour that comes twice, at
    the first of the two.
    """
    first = _first_handover_day(rotation)
    if rotation.every % DAY:
        return instant_of(first, rotation.at, rotation.zone) + number * rotation.every
    return instant_of(first + number * rotation.every, rotation.at, rotation.zone)


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


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When this wall clock shows this, in UTC: by the rule of `handover` for hours that are skipped or come twice."""
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
