"""What a severity promises about time: somebody responds, and it is over, within so long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.incidents.incident import Incident

DeadlineKind = Literal["respond", "resolve"]

# The share of the time after which the room is warned: of a quarter of an hour, three minutes are left.
WARNED_AT = 0.8


@dataclass(frozen=True)
class Deadline:
    """`since` is when this began to count; `due_at` when it is looked at next, None: no more. `missed_at` None: not."""

    incident_id: int
    kind: DeadlineKind
    severity: str
    since: datetime
    within: timedelta
    due_at: datetime | None
    missed_at: datetime | None = None

    @property
    def by(self) -> datetime:
        return self.since + self.within

    @property
    def warned_at(self) -> datetime:
        return self.since + self.within * WARNED_AT


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
