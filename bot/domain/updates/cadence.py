"""The next update that was promised: the room is reminded before, at the time, and once more when it is late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

# `late`: it stayed away for as long again. `again`: after that, for as long as it stays away.
Stage = Literal["near", "due", "late", "again"]

NEAR = timedelta(minutes=5)
# A promise shorter than this is reminded of at its time alone.
SHORT = timedelta(minutes=10)


@dataclass(frozen=True)
class Promise:
    """Who was told at `told_at` expects more by `promised_at`; `stage` is what happens at `due_at`.

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
    """As it begins."""
    if promised_at - told_at < SHORT:
        return Promise(incident_id, audience, told_at, promised_at, "due", promised_at)
    return Promise(incident_id, audience, told_at, promised_at, "near", promised_at - NEAR)
