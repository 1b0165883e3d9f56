"""The next promised update: the room is reminded before, when due, and once more when late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

# `late`: as long again has passed without it. `again`: after that, for as long as it is missing.
Stage = Literal["near", "due", "late", "again"]

NEAR = timedelta(minutes=5)
# A promise shorter than this has no reminder before it is due.
SHORT = timedelta(minutes=10)


@dataclass(frozen=True)
class Promise:
    """Readers told at `told_at` expect more by `promised_at`; `stage` is what happens at `due_at`.

    `audience` "": the incident's own room.
    """

    incident_id: int
    audience: str
    told_at: datetime
    promised_at: datetime
    stage: Stage
    due_at: datetime

    @property
    def span(self) -> timedelta:
        return max(self.promised_at - self.told_at, timedelta(minutes=1))


def promise(incident_id: int, audience: str, told_at: datetime, promised_at: datetime) -> Promise:
    """A new promise in its first stage."""
    if promised_at - told_at < SHORT:
        return Promise(incident_id, audience, told_at, promised_at, "due", promised_at)
    return Promise(incident_id, audience, told_at, promised_at, "near", promised_at - NEAR)
