"""Data breaches: the authority must be notified within 72 hours of detection; people are reminded until it is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import AlreadyDone, Refused

NOTIFY_WITHIN = timedelta(hours=72)
# Remaining times at which lead and comms are reminded, the last one being the deadline itself.
REMINDED = tuple(timedelta(hours=hours) for hours in (66, 48, 24, 6, 0))
WHOM_LENGTH = 200


@dataclass(frozen=True)
class Breach:
    """A breach in a private incident. `notified_at` None: as far as anybody said, the authority has not been notified.

    `reminded_left`: the shortest remaining time reminded of so far; `due_at`: the next reminder, planned at `set_at`;
    None: there is none.
    """

    incident_id: int
    detected_at: datetime
    begun_by: str
    set_at: datetime
    reminded_left: timedelta | None = None
    due_at: datetime | None = None
    notified_at: datetime | None = None
    notified_by: str | None = None
    notified: str | None = None

    @property
    def notify_by(self) -> datetime:
        return self.detected_at + NOTIFY_WITHIN

    def detected(self, at: datetime, now: datetime) -> "Breach":
        """The breach with another start. Raises Refused for a time in the future or after the authority's notice."""
        if at > now:
            raise Refused("That is in the future. Say when the breach was detected.")
        if self.notified_at and at > self.notified_at:
            raise Refused("That is after the authority was notified. Say when the breach was detected.")
        return replace(self, detected_at=at, reminded_left=None).planned(now)

    def owed(self, now: datetime) -> timedelta | None:
        """The remaining time to remind of now, the shortest of those reached; None: nothing to remind of."""
        if self.notified_at:
            return None
        least = self.reminded_left if self.reminded_left is not None else timedelta.max
        return min((left for left in REMINDED if self.notify_by - left <= now and left < least), default=None)

    def planned(self, now: datetime) -> "Breach":
        """The breach with the next reminder ahead."""
        ahead = [self.notify_by - left for left in REMINDED if self.notify_by - left > now]
        return replace(self, set_at=now, due_at=min(ahead, default=None) if not self.notified_at else None)

    def told(self, at: datetime, by: str, whom: str, now: datetime) -> "Breach":
        """The breach with the authority notified. Raises Refused, or AlreadyDone if that is on record."""
        if self.notified_at:
            raise AlreadyDone("That the authority was notified is written down already.")
        if at > now:
            raise Refused("That is in the future. Say when the authority was notified.")
        if at < self.detected_at:
            raise Refused("That is before the breach was detected. Say when the authority was notified.")
        return replace(self, notified_at=at, notified_by=by, notified=whom.strip()[:WHOM_LENGTH], due_at=None)
