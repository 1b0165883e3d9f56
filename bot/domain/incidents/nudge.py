"""Nudges: what its room is asked for when an open incident lacks it. Each a few times at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.incidents.incident import Incident

NudgeKind = Literal["lead", "word", "impact", "long", "monitoring"]

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Patience:
    """`first`: so long nothing is said; `again` after each time; `most` times in all."""

    first: timedelta
    again: timedelta
    most: int


PATIENCE: Mapping[NudgeKind, Patience] = {
    "lead": Patience(timedelta(minutes=5), timedelta(minutes=15), 2),
    "word": Patience(timedelta(minutes=10), timedelta(minutes=30), 2),
    "impact": Patience(timedelta(minutes=30), HOUR, 1),
    "long": Patience(timedelta(days=1), timedelta(days=1), 3),
    # As long as the runbook watches: `watch_for`.
    "monitoring": Patience(timedelta(hours=2), timedelta(hours=2), 2),
}


@dataclass(frozen=True)
class Nudge:
    """`due_at` is when it is looked at next, as was decided at `set_at`; `asked` how often the room was asked."""

    incident_id: int
    kind: NudgeKind
    due_at: datetime
    set_at: datetime
    asked: int = 0


def patience_of(kind: NudgeKind, watch_for: timedelta | None) -> Patience:
    """Of monitoring it is `watch_for`."""
    usual = PATIENCE[kind]
    return Patience(watch_for, watch_for, usual.most) if kind == "monitoring" and watch_for else usual


def is_wanted(
    kind: NudgeKind, *, user_facing: bool, update_every: timedelta | None, watch_for: timedelta | None
) -> bool:
    """Whether an incident of such a severity is nudged about it. Silence matters where users wait, or where an update
    every hour or sooner is promised."""
    match kind:
        case "word":
            return user_facing or (update_every is not None and update_every <= HOUR)
        case "impact":
            return user_facing
        case "monitoring":
            return watch_for is not None
    return True


def is_lacking(kind: NudgeKind, incident: Incident) -> bool:
    """Of `word` the timeline tells."""
    match kind:
        case "lead":
            return incident.lead is None
        case "impact":
            return incident.impact is None
        case "monitoring":
            return incident.status == "monitoring"
    return True
