"""Backups: their names, age against the objective, retention and schedule."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.domain.errors import Rejected
from bot.domain.people.schedule import DAY, Rotation, handover, instant_of

# `lost`: its process died. `deleted`: it was good, and past its retention.
BackupState = Literal["running", "good", "damaged", "failed", "lost", "deleted"]

# A run whose process has not been heard of for this long is lost.
LOST_AFTER = timedelta(minutes=1)
# How often the leftovers of a lost run are checked until that works; rarely, as they may be large.
LOOK_AGAIN_AFTER = timedelta(minutes=10)
# The name of a dump: entry, start, number, and, in newer ones, a random suffix.
NAMED = re.compile(r"(.+)-\d{8}T\d{6}Z-\d+(?:-[0-9a-f]{6})?\.[^-]+", re.ASCII | re.DOTALL)
# When the weekly report is posted.
MONDAY, REPORTED_AT = 0, time(9)


class Damaged(Rejected):
    """A backup that cannot be relied on; the message says why."""


class Gone(Damaged):
    """Its file is not where it was written."""


@dataclass(frozen=True)
class Backup:
    """One run. `size`: bytes written so far; `file`: its name in the folder `place`.

    `started_at` is also the age of its data, as a dump shows the database at its start. `tables` (or collections):
    expected, `tables_done`: so far; `counts`: rows or documents of each; `counted`: how they were counted, or why not.
    `before_restore`: the restore it is the safety backup of. `adopted_at`: when found at its place, made by an earlier
    bot. `source`: the database dumped (`server`, `port`, `database`, and in `properties` what its dump does not hold);
    None: made before that was recorded. `sweep_at`: when to check the leftovers of a lost run.
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
        """There is a complete file, sound or not."""
        return self.state in ("good", "damaged")

    @property
    def is_troubled(self) -> bool:
        """It failed or cannot be relied on."""
        return self.state in ("failed", "lost", "damaged")

    @property
    def took(self) -> timedelta:
        return (self.ended_at or self.heard_at) - self.started_at

    @property
    def size_shown(self) -> str:
        return size_shown(self.size)

    @property
    def rows(self) -> int | None:
        """Rows or documents in all; None: not counted."""
        return None if self.counts is None else sum(self.counts.values())


@dataclass(frozen=True)
class BackupStanding:
    """The state of one database's backups. `unsupported`: why it cannot be backed up; '' = it can.

    `failed`: the latest run, if it failed; `next_at` None: none is planned.
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
        """Age of the last good backup's data; None without one."""
        return max(now - self.last_good.started_at, timedelta(0)) if self.last_good else None

    def left(self, now: datetime) -> timedelta | None:
        """Time until the objective is missed, negative if it is; None without a good backup."""
        return misses_at(self.last_good, now, self.rpo, self.zone) - now if self.last_good else None

    def is_late(self, now: datetime) -> bool:
        left = self.left(now)
        return left is None or left < timedelta(0)


def file_name(name: str, started_at: datetime, number: int, suffix: str) -> str:
    """`orders-20260808T020000Z-12-9f2c41.dump`: sorts by time, unique per run.

    The random suffix is for two bots sharing a folder, such as an old one and its successor: numbering goes on from
    what it adopted, and both start in the same second of the night.
    """
    return f"{name}-{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{number}-{secrets.token_hex(3)}{suffix}"


def name_in(file: str) -> str:
    """The entry's key from a name made by `file_name`; '' = not such a name."""
    found = NAMED.fullmatch(file)
    return found[1] if found else ""


@dataclass(frozen=True)
class Estimate:
    """Progress of a run, assuming it gets as large as the last good one. `left`: time to its end."""

    percent: int
    left: timedelta


def estimate(running: Backup, last_good: Backup | None) -> Estimate | None:
    """Estimate progress by size; None without a previous backup, or once this one is larger."""
    if last_good is None or not 0 < running.size < last_good.size:
        return None
    share = running.size / last_good.size
    return Estimate(int(share * 100), last_good.took * (1 - share))


def difference(wanted: Mapping[str, int], found: Mapping[str, int]) -> str:
    """The first table or collection whose row count differs from the dump, in words; '' = none does.

    Tables not counted are not compared: extensions may have all or some of their own rows dumped.
    """
    for table in sorted(wanted):
        if wanted[table] not in (there := _found_of(table, found)):
            return f"{table} has {there[0]} rows in it, {wanted[table]} were dumped"
    return ""


def _found_of(table: str, found: Mapping[str, int]) -> list[int]:
    """Counts that may be the table's: several, where an older Tocsin stored its name without quotes."""
    if table in found:
        return [found[table]]
    return [
        rows for name, rows in found.items() if '"' in name and name.replace('"', "") == table.replace('"', "")
    ] or [0]


def to_delete(whole: Sequence[Backup], keep: timedelta, now: datetime) -> list[Backup]:
    """Backups older than `keep` (since their adoption, if adopted), sound or not; never the newest good one.

    None while there is no good one: something may still be read from a damaged one.
    """
    good = [backup for backup in whole if backup.state == "good"]
    if not good:
        return []
    newest = max(good, key=lambda backup: (backup.started_at, backup.id))
    return [one for one in whole if one is not newest and now - (one.adopted_at or one.started_at) > keep]


def misses_at(last_good: Backup | None, since: datetime, rpo: timedelta, zone: tzinfo) -> datetime:
    """When the objective will be missed; without a good backup, counted from when it was first wanted.

    An `rpo` of whole days goes by the wall clock, as daily backups do: a night of 25 hours is still one day.
    """
    counted_from = last_good.started_at if last_good else since
    if rpo % DAY or not isinstance(zone, ZoneInfo):
        return counted_from + rpo
    local = counted_from.astimezone(zone)
    return instant_of(local.date() + rpo, local.time(), zone)


def next_report(zone: ZoneInfo, after: datetime) -> datetime:
    """The next Monday morning in this zone."""
    rotation = Rotation((), 7 * DAY, MONDAY, REPORTED_AT, after.astimezone(zone).date(), zone)
    return next(instant for number in range(3) if (instant := handover(rotation, number)) > after)


def next_run(at: time, zone: ZoneInfo, after: datetime) -> datetime:
    """The next time the clock shows `at` in this zone, after `after`.

    Times that clocks skip or repeat are handled as for hand-overs: once, at the first instant.
    """
    rotation = Rotation((), DAY, None, at, after.astimezone(zone).date() - DAY, zone)
    return next(instant for number in range(4) if (instant := handover(rotation, number)) > after)


def worst_first(standings: Iterable[BackupStanding], now: datetime) -> list[BackupStanding]:
    """Those missing their objective first, else in the runbook's order."""
    return sorted(standings, key=lambda standing: not standing.is_late(now))


def size_shown(size: int) -> str:
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
