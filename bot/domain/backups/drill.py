"""A drill: a backup restored beside its database, to see that it can be, and how long that takes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.domain.backups.target import Target
from bot.domain.people.schedule import DAY, Rotation, handover

# `lost`: its process died.
DrillState = Literal["running", "passed", "failed", "lost"]

# What a drill or a restore is doing, in this order; '' until it begins. The last two are a restore's alone, and exclude
# each other: `exchanging` is done at one instant, `overwriting` part by part.
Stage = Literal["", "reading", "saving", "restoring", "comparing", "asking", "dressing", "exchanging", "overwriting"]

# How the name of every database begins that Tocsin makes on somebody's server.
OURS = "tocsin_"
# Long enough after the nightly backup has begun.
AFTER_THE_BACKUP_H = 1
# What a server could not remove is tried again after this, and more rarely the longer that goes on.
SWEEP_AGAIN_AFTER, SWEEP_AT_LEAST_EVERY = timedelta(minutes=1), timedelta(hours=1)
# A server may be away for a moment; after this somebody has to know what lies there.
TELL_LEFT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Drill:
    """One drill. `took` is from its beginning until the data was there and right; `rto` was the objective then.

    `stage` is what it is doing. `tables`, `rows` and `answers` say what was looked at: `answers` are the invariants.
    `lost` is what could not be brought back, in words. `place` is where the database `scratch` was made; None = nowhere
    yet, or it was not written down. `saved_at`: when the current data had been dumped beside it.
    """

    id: int
    name: str
    state: DrillState
    stage: Stage
    started_at: datetime
    started_by: str
    heard_at: datetime
    scratch: str
    backup_id: int | None = None
    ended_at: datetime | None = None
    took: timedelta | None = None
    rto: timedelta | None = None
    tables: int | None = None
    rows: int | None = None
    answers: int | None = None
    counted: bool = False
    error: str | None = None
    sweep_at: datetime | None = None
    lost: Sequence[str] = ()
    place: Target | None = None
    saved_at: datetime | None = None

    @property
    def is_slow(self) -> bool:
        """It came back, but later than was promised."""
        return self.state == "passed" and self.rto is not None and self.took is not None and self.took > self.rto

    @property
    def is_troubled(self) -> bool:
        return self.state in ("failed", "lost") or self.is_slow


@dataclass(frozen=True)
class DrillFindings:
    """What was found in a restored database. `counted`: its rows were compared with those of the backup.

    `answers` are the invariants that hold, `unheld` those that do not, with what they answered; `lost` is what could
    not be brought back, in words.
    """

    tables: int
    rows: int
    answers: int
    counted: bool
    unheld: Sequence[str] = ()
    lost: Sequence[str] = ()


@dataclass(frozen=True)
class Leftover:
    """A database `scratch` of ours that could not be removed so far, and `why`. `name` is that of the entry it copies.

    `told_at`: since when it is an alert, None = it is none yet.
    """

    scratch: str
    name: str
    why: str
    since: datetime
    told_at: datetime | None = None

    def is_to_be_told(self, now: datetime) -> bool:
        """Whether it is no trouble of a moment, and nobody has been told."""
        return self.told_at is None and now - self.since >= TELL_LEFT_AFTER

    def try_again_at(self, now: datetime) -> datetime:
        return now + max(SWEEP_AGAIN_AFTER, min((now - self.since) / 4, SWEEP_AT_LEAST_EVERY))


def scratch_name(purpose: str, number: int) -> str:
    """`tocsin_drill_12_9f2c41`. The end is drawn by lot: two bots may keep the same server, and both begin at 1."""
    return f"{OURS}{purpose}_{number}_{secrets.token_hex(3)}"


def next_drill(at: time, every: timedelta, zone: ZoneInfo, *, after: datetime, last: datetime | None) -> datetime:
    """When the next drill is due: `every` after the last one, and at once after the night's backup.

    Whole days are counted on the calendar there, anything else in elapsed time. Without a last one: the next night.
    """
    if last is not None and every % DAY:
        return last + every
    hour = at.replace(hour=(at.hour + AFTER_THE_BACKUP_H) % 24)
    if last is not None:
        return handover(Rotation((), DAY, None, hour, last.astimezone(zone).date() + every, zone), 0)
    nights = Rotation((), DAY, None, hour, after.astimezone(zone).date(), zone)
    return next(instant for number in range(2) if (instant := handover(nights, number)) > after)
