"""Nudges: asking the room of an open incident for what is missing, each a limited number of times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.incidents.incident import Incident

NudgeKind = Literal["lead", "word", "impact", "long", "monitoring"]

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Patience:
    """`first`: the wait before the first nudge; `again`: between nudges; `most`: their maximum number."""

    first: timedelta
    again: timedelta
    most: int


PATIENCE: Mapping[NudgeKind, Patience] = {
    "lead": Patience(timedelta(minutes=5), timedelta(minutes=15), 2),
    "word": Patience(timedelta(minutes=10), timedelta(minutes=30), 2),
    "impact": Patience(timedelta(minutes=30), HOUR, 1),
    "long": Patience(timedelta(days=1), timedelta(days=1), 3),
    # Defaults; the runbook's `watch_for` replaces them.
    "monitoring": Patience(timedelta(hours=2), timedelta(hours=2), 2),
}


@dataclass(frozen=True)
class Nudge:
    """`due_at`: the next look, planned at `set_at`; `asked`: nudges so far."""

    incident_id: int
    kind: NudgeKind
    due_at: datetime
    set_at: datetime
    asked: int = 0


def patience_of(kind: NudgeKind, watch_for: timedelta | None) -> Patience:
    """The waits of this kind; for `monitoring`, those of `watch_for`."""
    usual = PATIENCE[kind]
    return Patience(watch_for, watch_for, usual.most) if kind == "monitoring" and watch_for else usual


def is_wanted(
    kind: NudgeKind, *, user_facing: bool, update_every: timedelta | None, watch_for: timedelta | None
) -> bool:
    """Whether incidents of this severity get the nudge. Silence matters where users wait, or where updates are promised
    at least hourly."""
    match kind:
        case "word":
            return user_facing or (update_every is not None and update_every <= HOUR)
        case "impact":
            return user_facing
        case "monitoring":
            return watch_for is not None
    return True


def is_lacking(kind: NudgeKind, incident: Incident) -> bool:
    """Whether it is missing. For `word`, the timeline tells, so always True here."""
    match kind:
        case "lead":
            return incident.lead is None
        case "impact":
            return incident.impact is None
        case "monitoring":
            return incident.status == "monitoring"
    return True
