"""A severity's time targets: respond and resolve within a given time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from bot.domain.incidents.incident import Incident
from bot.domain.people.working_hours import WorkingHours, after

DeadlineKind = Literal["respond", "resolve"]
KINDS: tuple[DeadlineKind, ...] = get_args(DeadlineKind)
# A target that is a day, not a duration.
NEXT_BUSINESS_DAY: Literal["next business day"] = "next business day"
Within = timedelta | Literal["next business day"]

# The share of the time after which the room is warned: with 15 minutes, three are left.
WARNED_AT = 0.8
WARNED_BEFORE_THE_END_OF_A_DAY = timedelta(hours=1)


@dataclass(frozen=True)
class Deadline:
    """`since`: when it began to count; `by`: its end; `warned_at`: when to warn the room.

    `due_at`: the next look at it; None: none. `missed_at` None: not missed. `within`: what was promised; None: the next
    business day. `at_work`: only working hours count.
    """

    incident_id: int
    kind: DeadlineKind
    severity: str
    since: datetime
    within: timedelta | None
    by: datetime
    warned_at: datetime
    due_at: datetime | None
    missed_at: datetime | None = None
    at_work: bool = False


def ends_of(since: datetime, within: Within, hours: WorkingHours | None, *, at_work: bool) -> tuple[datetime, datetime]:
    """When a target ends, and when to warn of that. `hours`: the organisation's; `at_work`: count only these. The next
    business day requires them."""
    if isinstance(within, timedelta):
        counted = hours if at_work else None
        return after(counted, since, within), after(counted, since, within * WARNED_AT)
    assert hours is not None, "checked with the file"
    by = hours.next_day_ends(since)
    return by, by - WARNED_BEFORE_THE_END_OF_A_DAY


Verdict = Literal["kept", "near", "missed", "open"]


def judge(deadline: Deadline, incident: Incident, now: datetime) -> Verdict:
    """The state of a target; done at the exact instant it ends is still in time. `near`: warn the room now."""
    done_at = incident.acknowledged_at if deadline.kind == "respond" else incident.resolved_at
    if done_at is not None:
        return "kept" if done_at <= deadline.by else "missed"
    if now >= deadline.by:
        return "missed"
    warned = deadline.due_at == deadline.by
    return "near" if now >= deadline.warned_at and not warned else "open"


@dataclass(frozen=True)
class Promise:
    """The outcome of a deadline. `done_at` None: not done, and too late if `missed`."""

    kind: DeadlineKind
    severity: str
    since: datetime
    by: datetime
    done_at: datetime | None
    missed: bool = True

    @property
    def outcome(self) -> Literal["kept", "missed", "open"]:
        """Whether it was kept; done at the exact instant it ends is still in time."""
        if self.done_at is not None:
            return "kept" if self.done_at <= self.by else "missed"
        return "missed" if self.missed else "open"


def promises(ended: Iterable[Promise], running: Iterable[Deadline], incident: Incident) -> list[Promise]:
    """All deadlines the incident ever had, by when they began and were due."""
    done = {"respond": incident.acknowledged_at, "resolve": incident.resolved_at}
    last = [
        Promise(one.kind, one.severity, one.since, one.by, done[one.kind], missed=one.missed_at is not None)
        for one in running
    ]
    return sorted([*ended, *last], key=lambda one: (one.since, one.by, KINDS.index(one.kind)))
