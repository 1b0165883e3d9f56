"""The six milestones of an incident, their order, and the three that people may correct."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from bot.domain.errors import Refused

Milestone = Literal["started", "detected", "declared", "acknowledged", "mitigated", "resolved"]
# In order.
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
Correctable = Literal["started", "detected", "mitigated"]
CORRECTABLE: tuple[Correctable, ...] = get_args(Correctable)


@dataclass(frozen=True)
class Milestones:
    """`acknowledged`: the first acknowledgement, even if withdrawn; None: not reached yet.

    Reopening clears `mitigated` and `resolved`.
    """

    started: datetime
    detected: datetime
    declared: datetime
    acknowledged: datetime | None = None
    mitigated: datetime | None = None
    resolved: datetime | None = None

    def at(self, milestone: Milestone) -> datetime | None:
        found: datetime | None = getattr(self, milestone)
        return found

    def must_be_in_order(self, name: Milestone, shown: Callable[[datetime], str]) -> None:
        """Raise Refused if this one is out of order; `shown` formats a time."""
        own, rank = self.at(name), MILESTONES.index(name)
        for other in MILESTONES:
            at = self.at(other)
            if own is None or at is None:
                continue
            if MILESTONES.index(other) < rank and at > own:
                raise Refused(_passes(name, own, "before", other, at, shown))
            if MILESTONES.index(other) > rank and at < own:
                raise Refused(_passes(name, own, "after", other, at, shown))


def first_alert(times: Iterable[datetime], declared_at: datetime) -> datetime | None:
    """The earliest of these if before the declaration, else None."""
    earliest = min(times, default=declared_at)
    return earliest if earliest < declared_at else None


def _passes(name: str, own: datetime, side: str, other: str, at: datetime, shown: Callable[[datetime], str]) -> str:
    how = f" If {other} is wrong, correct that first." if other in CORRECTABLE else ""
    return (
        f"{name.capitalize()} {shown(own)} would be {side} {other} ({shown(at)}). "
        f"The order is {', '.join(MILESTONES)}.{how}"
    )
