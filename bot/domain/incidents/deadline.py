"""What a severity promises about time: somebody responds, and it is over, within so long."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from bot.domain.incidents.incident import Incident
from bot.domain.people.working_hours import WorkingHours, after

DeadlineKind = Literal["respond", "resolve"]
KINDS: tuple[DeadlineKind, ...] = get_args(DeadlineKind)
# A promise that has the day after in mind, and not a span.
NEXT_BUSINESS_DAY: Literal["next business day"] = "next business day"
Within = timedelta | Literal["next business day"]

# The share of the time after which the room is warned: of a quarter of an hour, three minutes are left.
WARNED_AT = 0.8
WARNED_BEFORE_THE_END_OF_A_DAY = timedelta(hours=1)


@dataclass(frozen=True)
class Deadline:
    """`since` is when this began to count, `by` its end; `warned_at` is when the room is warned of that.

    `due_at` is when it is looked at next, None: no more. `missed_at` None: not. `within` is what was promised, None:
    the next business day; `at_work`: of hours in which people work.
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
    """By when a promise is to be kept, and when to warn of that. `hours` are the organisation's; `at_work`: they alone
    count. The next business day needs them."""
    if isinstance(within, timedelta):
        counted = hours if at_work else None
        return after(counted, since, within), after(counted, since, within * WARNED_AT)
    assert hours is not None, "checked with the file"
    by = hours.next_day_ends(since)
    return by, by - WARNED_BEFORE_THE_END_OF_A_DAY


Verdict = Literal["kept", "near", "missed", "open"]


def judge(deadline: Deadline, incident: Incident, now: datetime) -> Verdict:
    """How it stands: what happens in the very instant of its end is in time. `near`: the room has to be warned."""
    done_at = incident.acknowledged_at if deadline.kind == "respond" else incident.resolved_at
    if done_at is not None:
        return "kept" if done_at <= deadline.by else "missed"
    if now >= deadline.by:
        return "missed"
    warned = deadline.due_at == deadline.by
    return "near" if now >= deadline.warned_at and not warned else "open"


@dataclass(frozen=True)
class Promise:
    """What became of a deadline. `done_at` None: not done, and in time no more when `missed`."""

    kind: DeadlineKind
    severity: str
    since: datetime
    by: datetime
    done_at: datetime | None
    missed: bool = True

    @property
    def outcome(self) -> Literal["kept", "missed", "open"]:
        """What happens in the very instant of its end is in time."""
        if self.done_at is not None:
            return "kept" if self.done_at <= self.by else "missed"
        return "missed" if self.missed else "open"


def promises(ended: Iterable[Promise], running: Iterable[Deadline], incident: Incident) -> list[Promise]:
    """All there were, in the order in which they began, and had to be kept."""
    done = {"respond": incident.acknowledged_at, "resolve": incident.resolved_at}
    last = [
        Promise(one.kind, one.severity, one.since, one.by, done[one.kind], missed=one.missed_at is not None)
        for one in running
    ]
    return sorted([*ended, *last], key=lambda one: (one.since, one.by, KINDS.index(one.kind)))
