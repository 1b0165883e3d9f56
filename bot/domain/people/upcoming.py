"""The shifts of a schedule that are to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people.schedule import Cover, Rotation, Shift, duty

AHEAD = timedelta(days=90)
# Of a rotation by the minute nobody wants all.
MOST = 2500


@dataclass(frozen=True)
class Upcoming:
    """A shift of this schedule; the first one may have begun."""

    schedule: str
    shift: Shift

    @property
    def uid(self) -> str:
        """The same whenever somebody looks, as long as it begins at that instant."""
        return f"{self.schedule}-{self.shift.begins:%Y%m%dT%H%M%SZ}@tocsin"


def upcoming(schedule: str, rotation: Rotation, covers: Sequence[Cover], now: datetime) -> list[Upcoming]:
    """The one that is on, and those that begin within 90 days; one after the other, without gaps."""
    found: list[Upcoming] = []
    at = now
    while at < now + AHEAD and len(found) < MOST:
        shift = duty(rotation, covers, at)
        found.append(Upcoming(schedule, shift))
        at = shift.ends
    return found
