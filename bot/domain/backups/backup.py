"""What is known of a backup: its name, its age against the objective, which ones may go, and when the next is due."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.domain.errors import Rejected
from bot.domain.people.schedule import DAY, Rotation, handover, instant_of

# `lost`: its process died. `deleted`: it was good, and its time was over.
BackupState = Literal["running", "good", "damaged", "failed", "lost", "deleted"]

# A backup whose process has not been heard of for this long has lost it.
LOST_AFTER = timedelta(minutes=1)
# What a lost one has left is looked at again after this, unless somebody has been able to: it may be large.
LOOK_AGAIN_AFTER = timedelta(minutes=10)
# The name of a dump: the entry, when it was begun, its number, and, of younger ones, what was drawn by lot.
NAMED = re.compile(r"(.+)-\d{8}T\d{6}Z-\d+(?:-[0-9a-f]{6})?\.[^-]+", re.ASCII | re.DOTALL)
# When people are told what was cleaned up.
MONDAY, REPORTED_AT = 0, time(9)


class Damaged(Rejected):
    """A backup that cannot be relied on; the message says why."""


class Gone(Damaged):
    """Its file is not where it was written."""


@dataclass(frozen=True)
class Backup:
    """One run. `size` is what has been written so far, in bytes; `file` its name at its `place`, the folder.

    `started_at` is also how old its data is: a dump shows the database as it was when it began. `tables` (or
    collections) are those it will have, `tables_done` those it has so far; `counts` are the rows or documents of each,
    and `counted` says how they came to be known, or why they are not. `before_restore` is the restore that it was taken
    before, for safety. `adopted_at`: it lay at its place already, made by a bot with another memory. `source` is the
    database that was dumped: `server`, `port`, `database`, and in `properties` what the dump of it does not hold;
    None = it is of a time when that was not recorded. `sweep_at`: what a lost one has left is to be looked at then.
    """

    id: int
    name: str
    state: BackupState
    started_at: datetime
    started_by: str
    heard_at: datetime
    ended_at: datetime | None
    place: str
    file: str
    machine: str
    size: int
    sha256: str | None
    tool: str | None
    server: str | None
    verified_at: datetime | None
    error: str | None
    deleted_at: datetime | None = None
    tables: int | None = None
    tables_done: int = 0
    counts: Mapping[str, int] | None = None
    counted: str | None = None
    before_restore: int | None = None
    adopted_at: datetime | None = None
    source: Mapping[str, Any] | None = None
    sweep_at: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """There is a file to read back, sound or not."""
        return self.state in ("good", "damaged")

    @property
    def is_troubled(self) -> bool:
        """It came to nothing, or cannot be relied on."""
        return self.state in ("failed", "lost", "damaged")

    @property
    def took(self) -> timedelta:
        return (self.ended_at or self.heard_at) - self.started_at

    @property
    def size_shown(self) -> str:
        return size_shown(self.size)

    @property
    def rows(self) -> int | None:
        """Rows or documents in all; None = they were not counted."""
        return None if self.counts is None else sum(self.counts.values())


@dataclass(frozen=True)
class BackupStanding:
    """How the backups of one database stand. `unsupported` says why it cannot be backed up yet; '' = it can.

    `failed` is the latest run when that came to nothing; `next_at` None: none is planned.
    """

    name: str
    database: str
    rpo: timedelta
    unsupported: str = ""
    last_good: Backup | None = None
    running: Backup | None = None
    failed: Backup | None = None
    next_at: datetime | None = None
    zone: tzinfo = UTC

    def age(self, now: datetime) -> timedelta | None:
        """None when there is no good backup."""
        return max(now - self.last_good.started_at, timedelta(0)) if self.last_good else None

    def left(self, now: datetime) -> timedelta | None:
        """How long until the objective is missed, below zero when it is; None when there is no good backup."""
        return misses_at(self.last_good, now, self.rpo, self.zone) - now if self.last_good else None

    def is_late(self, now: datetime) -> bool:
        left = self.left(now)
        return left is None or left < timedelta(0)


def file_name(name: str, started_at: datetime, number: int, suffix: str) -> str:
    """`orders-20260808T020000Z-12-9f2c41.dump`: sorts by time, and no two runs have the same.

    The end is drawn by lot: two bots may keep one folder, such as the old one and its successor, which counts on from
    what it has taken over; both begin at the same second of the night.
    """
    return f"{name}-{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{number}-{secrets.token_hex(3)}{suffix}"


def name_in(file: str) -> str:
    """The key of the entry in the name of a file that `file_name` made; '' = it is none of those."""
    found = NAMED.fullmatch(file)
    return found[1] if found else ""


@dataclass(frozen=True)
class Estimate:
    """How far a run is, if it comes to what the last good one did. `left` is until its end."""

    percent: int
    left: timedelta


def estimate(running: Backup, last_good: Backup | None) -> Estimate | None:
    """By size; None when there is nothing to go by, or it is larger than the last one already."""
    if last_good is None or not 0 < running.size < last_good.size:
        return None
    share = running.size / last_good.size
    return Estimate(int(share * 100), last_good.took * (1 - share))


def difference(wanted: Mapping[str, int], found: Mapping[str, int]) -> str:
    """The first table or collection whose rows are not those that were dumped, in words; '' = all are.

    What was not counted is not compared: an extension may have rows of its own dumped, or some of them.
    """
    for table in sorted(wanted):
        if wanted[table] not in (there := _found_of(table, found)):
            return f"{table} has {there[0]} rows in it, {wanted[table]} were dumped"
    return ""


def _found_of(table: str, found: Mapping[str, int]) -> list[int]:
    """What was found of it; several where an older Tocsin wrote its name without quotes, and it may be any of these."""
    if table in found:
        return [found[table]]
    return [
        rows for name, rows in found.items() if '"' in name and name.replace('"', "") == table.replace('"', "")
    ] or [0]


def to_delete(whole: Sequence[Backup], keep: timedelta, now: datetime) -> list[Backup]:
    """Those older than `keep`, counted from when they were adopted, sound or not; never the newest good one.

    Nothing goes while there is no good one: of a damaged one something may still be read.
    """
    good = [backup for backup in whole if backup.state == "good"]
    if not good:
        return []
    newest = max(good, key=lambda backup: (backup.started_at, backup.id))
    return [one for one in whole if one is not newest and now - (one.adopted_at or one.started_at) > keep]


def misses_at(last_good: Backup | None, since: datetime, rpo: timedelta, zone: tzinfo) -> datetime:
    """When an objective is missed unless a good backup comes; without one it counts from when it was first wanted.

    An `rpo` of whole days keeps to the wall clock, as daily backups do: the night of 25 hours is one day.
    """
    counted_from = last_good.started_at if last_good else since
    if rpo % DAY or not isinstance(zone, ZoneInfo):
        return counted_from + rpo
    local = counted_from.astimezone(zone)
    return instant_of(local.date() + rpo, local.time(), zone)


def next_report(zone: ZoneInfo, after: datetime) -> datetime:
    """The next Monday morning there."""
    rotation = Rotation((), 7 * DAY, MONDAY, REPORTED_AT, after.astimezone(zone).date(), zone)
    return next(instant for number in range(3) if (instant := handover(rotation, number)) > after)


def next_run(at: time, zone: ZoneInfo, after: datetime) -> datetime:
    """The next time it is `at` o'clock there, later than `after`.

    An hour that the clocks skip or repeat is treated as a hand-over in it would be: once, at the first instant.
    """
    rotation = Rotation((), DAY, None, at, after.astimezone(zone).date() - DAY, zone)
    return next(instant for number in range(4) if (instant := handover(rotation, number)) > after)


def worst_first(standings: Iterable[BackupStanding], now: datetime) -> list[BackupStanding]:
    """Those that miss their objective, then the rest as the runbook orders them."""
    return sorted(standings, key=lambda standing: not standing.is_late(now))


def size_shown(size: int) -> str:
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
