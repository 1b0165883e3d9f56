"""The ladder of an incident: who is paged while nobody answers, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.domain.people.working_hours import WorkingHours, begins_after, opening

# How long a provider may take to accept a page before the person counts as not reached.
REACH_WITHIN = timedelta(seconds=20)
# A page that leaves this long after its due time says that it is late.
LATE_AFTER = timedelta(seconds=2)
DEFAULT_SNOOZE = timedelta(minutes=15)
# A snooze is no acknowledgement: paging resumes after a day at the latest, whatever was typed.
LONGEST_SNOOZE = timedelta(hours=24)
# Two people who press Escalate within this time mean the same step.
SAME_MOMENT = timedelta(seconds=5)

# A stale button pressed within this time after a newer step is a duplicate; later it is a new request.
STALE_WITHIN = timedelta(minutes=1)

# The step number of pages made by hand, beside the ladder.
BY_HAND = -1

State = Literal["climbing", "answered", "exhausted", "stopped"]


@dataclass(frozen=True)
class Step:
    """`again`: the interval at which its people are paged again before the next step; None: they are paged once."""

    tier: str
    wait: timedelta
    again: timedelta | None = None

    def as_json(self) -> dict[str, Any]:
        again = {"again_s": self.again.total_seconds()} if self.again else {}
        return {"tier": self.tier, "wait_s": self.wait.total_seconds(), **again}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Step":
        again = timedelta(seconds=value["again_s"]) if "again_s" in value else None
        return cls(value["tier"], timedelta(seconds=value["wait_s"]), again)


@dataclass(frozen=True)
class Policy:
    """A snapshot of the ladder when the incident was declared, with the `tiers`, `schedules` and `people` it names as
    JSON of the runbook then. Ladders stored by an older version have `tiers` only. `hours` None: runs around the clock.
    """

    steps: tuple[Step, ...]
    repeat: int
    stops_on: Literal["acknowledged", "resolved"]
    tiers: Mapping[str, Any] = field(default_factory=dict)
    schedules: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, Any] = field(default_factory=dict)
    hours: WorkingHours | None = None

    def begins(self, now: datetime) -> datetime:
        """The first instant from `now` on at which a step may be taken automatically."""
        return opening(self.hours, now)

    def as_json(self) -> dict[str, Any]:
        steps = [step.as_json() for step in self.steps]
        promised = {"tiers": dict(self.tiers), "schedules": dict(self.schedules), "people": dict(self.people)}
        hours = {"hours": self.hours.as_json()} if self.hours else {}
        return {"steps": steps, "repeat": self.repeat, "stops_on": self.stops_on, **promised, **hours}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Policy":
        steps = tuple(Step.from_json(step) for step in value["steps"])
        promised = value["tiers"], value.get("schedules", {}), value.get("people", {})
        hours = WorkingHours.from_json(value["hours"]) if "hours" in value else None
        return cls(steps, value["repeat"], value["stops_on"], *promised, hours)


@dataclass(frozen=True)
class Ladder:
    """Where the ladder stands. `loop` and `step`: the step that comes next. `round`: how often the last step's people
    have been paged; `again_at`: when they are paged again."""

    policy: Policy
    state: State = "climbing"
    run: int = 1
    loop: int = 0
    step: int = 0
    next_at: datetime | None = None
    round: int = 1
    again_at: datetime | None = None

    @property
    def position(self) -> str:
        """Identifies the next step, to tell two presses of one button from two requests."""
        return f"{self.run}.{self.loop}.{self.step}"

    @property
    def last(self) -> tuple[int, int]:
        """Loop and step of the last step taken; meaningless before the first."""
        return (self.loop, self.step - 1) if self.step else (self.loop - 1, len(self.policy.steps) - 1)

    @property
    def next_tier(self) -> str | None:
        """The tier paged next; None at the ladder's end."""
        return None if self.is_at_its_end else self.policy.steps[self.step].tier

    @property
    def is_at_its_end(self) -> bool:
        return self.loop > self.policy.repeat or not self.policy.steps


@dataclass(frozen=True)
class Climb:
    """What happens now: a step is taken or repeated, or (`step` None) none is left and nobody has answered."""

    step: Step | None
    loop: int
    index: int
    ladder: Ladder


def climb(ladder: Ladder, now: datetime) -> Climb:
    """Take the next step, once.

    The wait counts from now, not from when the step was due: after an outage of ours every tier still gets its full
    wait, instead of all being paged within a second.
    """
    if ladder.is_at_its_end:
        return Climb(None, ladder.loop, ladder.step, _moved(ladder, state="exhausted", next_at=None, again_at=None))
    step = ladder.policy.steps[ladder.step]
    last = ladder.step + 1 == len(ladder.policy.steps)
    loop, index = (ladder.loop + 1, 0) if last else (ladder.loop, ladder.step + 1)
    # Escalating by hand after an acknowledgement asks for one more tier, not for the timers to restart.
    next_at = begins_after(ladder.policy.hours, now, step.wait) if ladder.state == "climbing" else None
    moved = _moved(ladder, loop=loop, step=index, next_at=next_at, round=1)
    return Climb(step, ladder.loop, ladder.step, _with_next_round(moved, step, now))


def page_again(ladder: Ladder, now: datetime) -> Climb:
    """Page the last step's people once more. The next repeat counts from now, as for steps."""
    loop, index = ladder.last
    step = ladder.policy.steps[index]
    return Climb(step, loop, index, _with_next_round(_moved(ladder, round=ladder.round + 1), step, now))


def _with_next_round(ladder: Ladder, step: Step, now: datetime) -> Ladder:
    """Schedule the next repeat, unless the next step comes before it."""
    again_at = begins_after(ladder.policy.hours, now, step.again) if step.again else None
    comes_first = again_at is not None and ladder.next_at is not None and again_at < ladder.next_at
    return _moved(ladder, again_at=again_at if comes_first else None)


def snooze(ladder: Ladder, until: datetime) -> Ladder:
    """Hold the ladder: no step before `until`. A step due later keeps its time."""
    if ladder.next_at is None:
        return ladder
    begins = ladder.policy.begins(until)
    again_at = max(ladder.again_at, begins) if ladder.again_at else None
    return _moved(ladder, next_at=max(ladder.next_at, begins), again_at=again_at)


def answered(ladder: Ladder) -> Ladder:
    """Stop the ladder because somebody acknowledged, unless it stops only on resolution."""
    return (
        ladder
        if ladder.policy.stops_on == "resolved"
        else _moved(ladder, state="answered", next_at=None, again_at=None)
    )


def stopped(ladder: Ladder) -> Ladder:
    return _moved(ladder, state="stopped", next_at=None, again_at=None)


def started_again(ladder: Ladder, policy: Policy, now: datetime) -> Ladder:
    """A new run from the first step: the severity was raised, or the incident reopened."""
    return Ladder(policy, run=ladder.run + 1, next_at=policy.begins(now))


def unanswered(ladder: Ladder, now: datetime) -> Ladder:
    """A new run after an acknowledgement was withdrawn: goes on with the next tier, or from the first after the
    last."""
    start = (0, 0) if ladder.is_at_its_end else (ladder.loop, ladder.step)
    begins = ladder.policy.begins(now)
    return _moved(
        ladder, state="climbing", run=ladder.run + 1, loop=start[0], step=start[1], next_at=begins, again_at=None
    )


def is_late(due_at: datetime, now: datetime) -> bool:
    return now - due_at > LATE_AFTER


def _moved(ladder: Ladder, **changes: Any) -> Ladder:
    return Ladder(**{**ladder.__dict__, **changes})
