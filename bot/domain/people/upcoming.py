"""Upcoming shifts of a schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people.schedule import Cover, Rotation, Shift, duty

AHEAD = timedelta(days=90)
# Limit for rotations with very short shifts.
MOST = 2500


@dataclass(frozen=True)
class Upcoming:
    """A shift of this schedule; the first one may have begun."""

    schedule: str
    shift: Shift

    @property
    def uid(self) -> str:
        """Stable for a shift that begins at that instant."""
        return f"{self.schedule}-{self.shift.begins:%Y%m%dT%H%M%SZ}@tocsin"


def upcoming(schedule: str, rotation: Rotation, covers: Sequence[Cover], now: datetime) -> list[Upcoming]:
    """The current shift and those beginning within 90 days, without gaps."""
    found: list[Upcoming] = []
    at = now
    while at < now + AHEAD and len(found) < MOST:
        shift = duty(rotation, covers, at)
        found.append(Upcoming(schedule, shift))
        at = shift.ends
    return found
