"""Property tests of ladders against an oracle: a list of steps crossed off from the top."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as some

from bot.domain.paging.escalation import Ladder, Policy, Step, answered, climb, snooze, started_again, stopped

BEGINNING = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

What = Literal["look", "acknowledge", "snooze", "escalate", "resolve", "start again"]
Taken = tuple[int, int, int, datetime]


@dataclass(frozen=True)
class Event:
    """`after`: time since the event before. `span`: how long a snooze lasts."""

    what: What
    after: timedelta
    span: timedelta


@dataclass
class Real:
    """The real ladder, driven as the services drive it."""

    ladder: Ladder
    taken: list[Taken] = field(default_factory=list)
    notices: int = 0

    def happens(self, event: Event, now: datetime) -> None:
        match event.what:
            case "look" if self.ladder.next_at is not None and self.ladder.next_at <= now:
                self._step(now)
            case "escalate" if not self.ladder.is_at_its_end and self.ladder.state != "stopped":
                self._step(now)
            case "acknowledge" if self.ladder.state != "stopped":
                self.ladder = answered(self.ladder)
            case "snooze":
                self.ladder = snooze(self.ladder, now + event.span)
            case "resolve":
                self.ladder = stopped(self.ladder)
            case "start again":
                self.ladder = started_again(self.ladder, self.ladder.policy, now)

    def _step(self, now: datetime) -> None:
        move = climb(self.ladder, now)
        self.ladder = move.ladder
        if move.step:
            self.taken.append((move.ladder.run, move.loop, move.index, now))
        else:
            self.notices += 1


@dataclass
class Oracle:
    """The steps not taken yet, and the one timer; None = no timer."""

    policy: Policy
    due: datetime | None
    run: int = 1
    timers: bool = True
    over: bool = False
    left: list[tuple[int, int, timedelta]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    notices: int = 0

    def __post_init__(self) -> None:
        self._fill()

    def _fill(self) -> None:
        times = range(self.policy.repeat + 1)
        self.left = [(time, number, step.wait) for time in times for number, step in enumerate(self.policy.steps)]

    def happens(self, event: Event, now: datetime) -> None:
        if event.what == "look" and self.due is not None and now >= self.due:
            if self.left:
                self._cross_off(now)
            else:
                self.notices, self.due, self.timers = self.notices + 1, None, False
        elif event.what == "escalate" and self.left and not self.over:
            self._cross_off(now)
        elif event.what == "acknowledge" and self.policy.stops_on == "acknowledged" and not self.over:
            self.due, self.timers = None, False
        elif event.what == "snooze" and self.due is not None:
            self.due = max(self.due, now + event.span)
        elif event.what == "resolve":
            self.due, self.timers, self.over = None, False, True
        elif event.what == "start again":
            self.run, self.due, self.timers, self.over = self.run + 1, now, True, False
            self._fill()

    def _cross_off(self, now: datetime) -> None:
        time, number, wait = self.left.pop(0)
        self.taken.append((self.run, time, number, now))
        self.due = now + wait if self.timers else None


WAITS = some.integers(1, 40).map(lambda number: number * SECOND)
POLICIES = some.builds(
    Policy,
    some.lists(some.builds(Step, some.sampled_from("abc"), WAITS), min_size=1, max_size=4).map(tuple),
    some.integers(0, 2),
    some.sampled_from(["acknowledged", "resolved"]),
)
# Looking is the most frequent event; a long time without a look is an outage.
WHATS = some.one_of(some.just("look"), some.just("look"), some.sampled_from(What.__args__))  # type: ignore[attr-defined]
GAPS = some.one_of(some.integers(0, 3), some.integers(0, 200)).map(lambda number: number * SECOND)
EVENTS = some.lists(some.builds(Event, WHATS, GAPS, WAITS), max_size=60)


def lived(policy: Policy, events: Sequence[Event]) -> tuple[Real, Oracle]:
    real, oracle, now = Real(Ladder(policy, next_at=BEGINNING)), Oracle(policy, BEGINNING), BEGINNING
    for event in events:
        now += event.after
        real.happens(event, now)
        oracle.happens(event, now)
        assert real.ladder.next_at == oracle.due, event
    return real, oracle


@settings(max_examples=300)
@given(POLICIES, EVENTS)
def test_a_ladder_takes_the_oracles_steps_at_the_same_instants(policy: Policy, events: list[Event]) -> None:
    real, oracle = lived(policy, events)
    assert real.taken == oracle.taken
    assert real.notices == oracle.notices


@given(POLICIES, EVENTS)
def test_no_step_is_taken_twice_or_skipped_within_a_run(policy: Policy, events: list[Event]) -> None:
    real, _ = lived(policy, events)
    order = [(loop, index) for loop in range(policy.repeat + 1) for index in range(len(policy.steps))]
    for run in {taken[0] for taken in real.taken}:
        steps = [taken[1:3] for taken in real.taken if taken[0] == run]
        assert steps == order[: len(steps)]


@given(POLICIES, some.lists(GAPS, max_size=60))
def test_every_tier_gets_its_whole_wait_however_late_it_was_paged_unless_somebody_escalates(
    policy: Policy, gaps: list[timedelta]
) -> None:
    real, _ = lived(policy, [Event("look", gap, SECOND) for gap in gaps])
    for (_, _, index, at), (_, _, _, following) in zip(real.taken, real.taken[1:], strict=False):
        assert following - at >= policy.steps[index].wait


@given(POLICIES)
def test_a_ladder_looked_at_every_second_is_on_time_to_the_second_and_ends_with_one_notice(
    policy: Policy,
) -> None:
    waits = [step.wait for step in policy.steps] * (policy.repeat + 1)
    seconds = int(sum(waits, timedelta(0)).total_seconds())
    real, _ = lived(
        policy, [Event("look", SECOND if number else timedelta(0), SECOND) for number in range(seconds + 9)]
    )
    due = [BEGINNING + sum(waits[:number], timedelta(0)) for number in range(len(waits))]
    assert [at for *_, at in real.taken] == due
    assert real.notices == 1


@given(POLICIES, EVENTS, EVENTS)
def test_nothing_happens_by_itself_after_the_acknowledgement(
    policy: Policy, before: list[Event], after: list[Event]
) -> None:
    answer = Event("acknowledge" if policy.stops_on == "acknowledged" else "resolve", timedelta(0), SECOND)
    calm = [event for event in after if event.what in ("look", "snooze", "acknowledge")]
    until_then, _ = lived(policy, [*before, answer])
    in_the_end, _ = lived(policy, [*before, answer, *calm])
    assert in_the_end.taken == until_then.taken
    assert in_the_end.ladder.next_at is None
