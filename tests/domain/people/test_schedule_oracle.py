"""Rotations and covers against an oracle that only watches the wall clock, across both clock changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as some

from bot.domain.people.schedule import Cover, Rotation, duty

STEP = timedelta(minutes=15)
WINDOW = timedelta(days=12)
DAY = timedelta(days=1)

# Five days before the clocks change: by an hour in Berlin, by half an hour on Lord Howe Island, and never in Kolkata.
# In New York the year ends, and February has 29 days.
NIGHTS = {
    "Europe/Berlin": [date(2026, 3, 24), date(2026, 10, 20)],
    "Australia/Lord_Howe": [date(2026, 3, 31), date(2026, 9, 29)],
    "Asia/Kolkata": [date(2026, 6, 1)],
    "America/New_York": [date(2026, 12, 27), date(2028, 2, 25)],
}


@dataclass(frozen=True)
class Case:
    rotation: Rotation
    covers: tuple[Cover, ...]
    begins: datetime


@some.composite
def cases(draw: some.DrawFn) -> Case:
    name = draw(some.sampled_from(list(NIGHTS)))
    starts = draw(some.sampled_from(NIGHTS[name]))
    at = time(draw(some.sampled_from([0, 1, 2, 3, 9, 23])), draw(some.sampled_from([0, 15, 30, 45])))
    every = draw(some.sampled_from([DAY, 2 * DAY, 7 * DAY, *(timedelta(hours=hours) for hours in (1, 8, 12, 36))]))
    weekday = draw(some.sampled_from([None, 0, 6])) if every == 7 * DAY else None
    people = draw(some.lists(some.sampled_from(["ada", "ben", "cleo"]), min_size=1, max_size=4))
    zone = ZoneInfo(name)
    begins = datetime.combine(starts, at, zone).astimezone(UTC) + 7 * DAY if weekday is not None else None
    first = begins or datetime.combine(starts, at, zone).astimezone(UTC)
    return Case(Rotation(people, every, weekday, at, starts, zone), tuple(draw(_covers(first))), first)


@some.composite
def _covers(draw: some.DrawFn, first: datetime) -> list[Cover]:
    steps = WINDOW // STEP
    made = []
    for number in range(draw(some.integers(0, 4))):
        begins = draw(some.integers(-20, steps))
        length = draw(some.integers(1, steps // 2))
        person = draw(some.sampled_from(["ada", "ben", "cleo", "dev"]))
        made.append(Cover(number, "primary", person, first + begins * STEP, first + (begins + length) * STEP, "eve"))
    return made


def watched(case: Case) -> Iterator[tuple[datetime, str]]:
    """The oracle watches the wall clock: at each handover time, the next person in the list takes over."""
    rotation = case.rotation
    day = rotation.starts
    while rotation.weekday is not None and day.weekday() != rotation.weekday:
        day -= DAY
    due = datetime.combine(day, rotation.at)
    now = datetime.combine(day, time(), UTC) - 2 * DAY
    turn, elapsed_due = -1, None
    while now < case.begins + WINDOW:
        wall = now.astimezone(rotation.zone).replace(tzinfo=None)
        if not rotation.every % DAY or not DAY % rotation.every:
            while wall >= due:
                turn, due = turn + 1, due + rotation.every
        elif elapsed_due is None:
            if wall >= due:
                turn, elapsed_due = 0, now + rotation.every
        elif now >= elapsed_due:
            turn, elapsed_due = turn + 1, elapsed_due + rotation.every
        covering = [cover.person for cover in case.covers if cover.begins <= now < cover.ends]
        if now >= case.begins:
            yield now, covering[-1] if covering else rotation.people[max(turn, 0) % len(rotation.people)]
        now += STEP


@settings(max_examples=40)
@given(cases())
def test_who_is_on_call_and_until_when_agrees_with_the_oracle(case: Case) -> None:
    rows = [(person, [at for at, _ in row]) for person, row in groupby(watched(case), key=lambda one: one[1])]
    for person, instants in rows:
        for now in {instants[0], instants[len(instants) // 2], instants[-1]}:
            shift = duty(case.rotation, case.covers, now)
            assert shift.person == person
            assert shift.begins <= now < shift.ends
    for (_, before), (_, after) in pairwise(rows):
        assert duty(case.rotation, case.covers, before[-1]).ends == after[0]
        assert duty(case.rotation, case.covers, before[0]).ends == after[0]
        assert duty(case.rotation, case.covers, after[0]).begins == after[0]
