"""Drills: restoring a backup beside its database, to see that it works and how long it takes."""

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

# Stages of a drill or restore, in order; '' before it begins. The last two are for restores only, which have one or the
# other: `exchanging` is atomic, `overwriting` is not.
Stage = Literal["", "reading", "saving", "restoring", "comparing", "asking", "dressing", "exchanging", "overwriting"]

# Prefix of every database Tocsin makes on somebody's server.
OURS = "tocsin_"
# Long enough after the start of the nightly backup.
AFTER_THE_BACKUP_H = 1
# First and longest interval between attempts to remove a leftover; it grows with its age.
SWEEP_AGAIN_AFTER, SWEEP_AT_LEAST_EVERY = timedelta(minutes=1), timedelta(hours=1)
# A server may be down for a moment; after this, somebody has to know what was left there.
TELL_LEFT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Drill:
    """One drill. `took`: from its start until the data was restored and checked; `rto`: the objective then.

    `tables`, `rows`, `answers`: what was checked, `answers` being invariants. `lost`: what could not be restored, in
    words. `place`: where the database `scratch` was made; None: nowhere yet, or not recorded. `saved_at`: when the
    current data had been dumped, as a restore would do first.
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
        """It passed, but took longer than the objective."""
        return self.state == "passed" and self.rto is not None and self.took is not None and self.took > self.rto

    @property
    def is_troubled(self) -> bool:
        return self.state in ("failed", "lost") or self.is_slow


@dataclass(frozen=True)
class DrillFindings:
    """What was found in a restored database. `counted`: row counts were compared with the backup's.

    `answers`: number of invariants that hold; `unheld`: those that do not, with their answers; `lost`: what could not
    be restored, in words.
    """

    tables: int
    rows: int
    answers: int
    counted: bool
    unheld: Sequence[str] = ()
    lost: Sequence[str] = ()


@dataclass(frozen=True)
class Leftover:
    """A database `scratch` of ours not removed so far, and `why`. `name`: the backup entry it copies.

    `told_at`: since when it is an alert; None: not yet.
    """

    scratch: str
    name: str
    why: str
    since: datetime
    told_at: datetime | None = None

    def is_to_be_told(self, now: datetime) -> bool:
        """Whether it has outlasted a transient problem, and nobody has been told."""
        return self.told_at is None and now - self.since >= TELL_LEFT_AFTER

    def try_again_at(self, now: datetime) -> datetime:
        return now + max(SWEEP_AGAIN_AFTER, min((now - self.since) / 4, SWEEP_AT_LEAST_EVERY))


def scratch_name(purpose: str, number: int) -> str:
    """`tocsin_drill_12_9f2c41`. The suffix is random, as two bots may share a server, and both number from 1."""
    return f"{OURS}{purpose}_{number}_{secrets.token_hex(3)}"


def next_drill(at: time, every: timedelta, zone: ZoneInfo, *, after: datetime, last: datetime | None) -> datetime:
    """When the next drill is due: `every` after the last one, soon after the nightly backup.

    Whole days count by the calendar in `zone`, anything else as elapsed time. Without a last one: the next night.
    """
    if last is not None and every % DAY:
        return last + every
    hour = at.replace(hour=(at.hour + AFTER_THE_BACKUP_H) % 24)
    if last is not None:
        return handover(Rotation((), DAY, None, hour, last.astimezone(zone).date() + every, zone), 0)
    nights = Rotation((), DAY, None, hour, after.astimezone(zone).date(), zone)
    return next(instant for number in range(2) if (instant := handover(nights, number)) > after)
