"""Who is on call: rotations that hand over at a wall-clock time, and covers, which override them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
# The smallest step of a datetime, to look just before an instant.
INSTANT = timedelta.resolution
# The end of a shift made of more pieces than this does not matter.
MOST_STINTS = 1000


@dataclass(frozen=True)
class Rotation:
    """People taking turns. Shifts of whole days, or that divide a day (12h), follow the wall clock; others (36h) follow
    elapsed time.

    `weekday` of the hand-over, 0 = Monday; None: any.
    """

    people: Sequence[str]
    every: timedelta
    weekday: int | None
    at: time
    starts: date
    zone: ZoneInfo


@dataclass(frozen=True)
class Shift:
    """`covers_for`: whose turn it would be; None: their own."""

    person: str
    begins: datetime
    ends: datetime
    covers_for: str | None = None


@dataclass(frozen=True)
class Cover:
    """Somebody takes over for a while. Where covers overlap, the newer one (greater id) wins."""

    id: int
    schedule: str
    person: str
    begins: datetime
    ends: datetime
    made_by: str

    def holds_at(self, instant: datetime) -> bool:
        return self.begins <= instant < self.ends


def duty(rotation: Rotation, covers: Sequence[Cover], now: datetime) -> Shift:
    """Who is on call at this instant, and for which unbroken time.

    If that never changes hands, it is the shift of the rotation.
    """
    own = _stint(rotation, covers, now)
    edges = [edge for cover in covers for edge in (cover.begins, cover.ends)] or [now]
    few = len(rotation.people)
    last = _reach(own, lambda one: _stint(rotation, covers, one.ends), few, lambda one: one.begins >= max(edges))
    first = _reach(
        own, lambda one: _stint(rotation, covers, one.begins - INSTANT), few, lambda one: one.ends <= min(edges)
    )
    return replace(own, begins=first.begins, ends=last.ends)


def on_call(rotation: Rotation, now: datetime) -> Shift:
    """The rotation's shift at this instant. Before the first shift its person is already on call."""
    number = max(0, _shift_number(rotation, now))
    person = rotation.people[number % len(rotation.people)]
    return Shift(person, handover(rotation, number), handover(rotation, number + 1))


def _stint(rotation: Rotation, covers: Sequence[Cover], now: datetime) -> Shift:
    """The piece between two consecutive changes."""
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


def _reach(own: Shift, beside: Callable[[Shift], Shift], few: int, is_plain: Callable[[Shift], bool]) -> Shift:
    """The last piece in that direction with the same person; `own` if there is no end.

    Beyond all covers (`is_plain`), somebody else must come within one round of the rotation, or nobody ever will.
    """
    last, plain = own, 0
    for _ in range(MOST_STINTS):
        following = beside(last)
        if following.person != own.person:
            return last
        last = following
        plain += is_plain(last)
        if plain > few:
            break
    return own


def handover(rotation: Rotation, number: int) -> datetime:
    """When shift `number` begins (0 is the first), in UTC.

    A hand-over in an hour skipped by the clocks happens at the first instant after it; in a repeated hour, at its first
    occurrence.
    """
    first = datetime.combine(_first_handover_day(rotation), rotation.at)
    if not _keeps_the_wall_clock(rotation):
        return instant_of(first.date(), first.time(), rotation.zone) + number * rotation.every
    local = first + number * rotation.every
    return instant_of(local.date(), local.time(), rotation.zone)


def _keeps_the_wall_clock(rotation: Rotation) -> bool:
    return not rotation.every % DAY or not DAY % rotation.every


def _shift_number(rotation: Rotation, now: datetime) -> int:
    """The shift of the latest hand-over; if several fall into a skipped hour, the last one."""
    first, local = datetime.combine(_first_handover_day(rotation), rotation.at), now.astimezone(rotation.zone)
    number = (local.replace(tzinfo=None) - first) // rotation.every
    # Clock changes move a hand-over by about an hour: a few short shifts at most.
    while handover(rotation, number + 1) <= now:
        number += 1
    while handover(rotation, number) > now:
        number -= 1
    return number


def _first_handover_day(rotation: Rotation) -> date:
    """The first shift begins at the hand-over on or before `starts`."""
    if rotation.weekday is None:
        return rotation.starts
    return rotation.starts - timedelta(days=(rotation.starts.weekday() - rotation.weekday) % 7)


def instant_of(day: date, at: time, zone: tzinfo) -> datetime:
    """When the clocks in `zone` show this, in UTC; skipped and repeated hours as in `handover`."""
    local = datetime.combine(day, at, zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        return _first_instant_after_gap(local, zone)
    return local.astimezone(UTC)


def instants_of(day: date, at: time, zone: tzinfo) -> tuple[datetime, ...]:
    """Each time the clocks in `zone` show this on that day, in UTC: two in a repeated hour."""
    first = instant_of(day, at, zone)
    again = datetime.combine(day, at, zone).replace(fold=1).astimezone(UTC)
    return (first, again) if again > first else (first,)


def _first_instant_after_gap(local: datetime, zone: tzinfo) -> datetime:
    """`local` falls into a gap: find the gap's end by bisection, to the second."""
    jump = abs((local.utcoffset() or DAY) - (local.replace(fold=1).utcoffset() or DAY))
    high = local.astimezone(UTC)
    low = high - jump
    offset_before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset_before else (low, middle)
    return high.replace(microsecond=0)
