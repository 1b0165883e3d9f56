"""The tables of backup plans, and of every run with its outcome."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.backups.backup import Backup, file_name
from bot.domain.errors import NotFound
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)

# Runs due within this count as begun: the order in which two simultaneous timers are taken must not matter.
AS_GOOD_AS_BEGUN = timedelta(minutes=1)


@dataclass(frozen=True)
class Last:
    """One database's newest run, newest good one and running one; None = there is none."""

    newest: Backup | None = None
    good: Backup | None = None
    running: Backup | None = None


@dataclass(frozen=True)
class RunResult:
    """What a finished run produced; see Backup."""

    size: int
    sha256: str
    tool: str
    server: str
    tables: int | None
    counts: Mapping[str, int] | None
    counted: str
    source: Mapping[str, Any] = field(default_factory=dict)


# Plans


async def plan(conn: Connection, name: str, due_at: datetime, now: datetime) -> None:
    """Schedule the next run of this database, unless one is overdue."""
    await SQL.run(conn, "plan", name=name, due_at=due_at, now=now)


async def claim_plans(conn: Connection, names: Sequence[str], now: datetime) -> list[str]:
    """The databases whose run is due, locked for this transaction."""
    return [row["name"] for row in await SQL.all(conn, "claim_plans", names=list(names), now=now)]


async def postpone_plan(conn: Connection, name: str, due_at: datetime) -> None:
    await SQL.run(conn, "postpone_plan", name=name, due_at=due_at)


async def plans(conn: Connection, names: Sequence[str]) -> dict[str, datetime]:
    return {row["name"]: row["due_at"] for row in await SQL.all(conn, "plans", names=list(names))}


def due_rows(names: Sequence[str], *, own: Collection[int], lost_after: timedelta, machine: str) -> DueRows:
    """When the next plan is due, a run not among `own` counts as lost after this much silence, or the remains of a lost
    one can be inspected from this machine."""
    return DueRows(SQL, {"names": list(names), "own": list(own), "lost_after": lost_after, "machine": machine})


# Runs


async def hold(conn: Connection, name: str) -> None:
    """Lock out other backups and restores of this database until this transaction ends."""
    await SQL.one(conn, "hold", name=name)


async def begin(
    conn: Connection, *, name: str, started_by: str, now: datetime, place: str, machine: str, suffix: str,
    before_restore: int | None = None,
) -> Backup | None:  # fmt: skip
    """A new run; None when a backup of this database is running, or a restore other than `before_restore`."""
    await hold(conn, name)
    values = {"name": name, "started_by": started_by, "now": now, "place": place, "machine": machine}
    row = await SQL.one(conn, "begin", **values, before_restore=before_restore)
    if row is None:
        return None
    file = file_name(name, now, row["id"], suffix)
    return Backup(**await SQL.the(conn, "name_file", id=row["id"], file=file))


async def get(conn: Connection, backup_id: int) -> Backup:
    return _found(await SQL.one(conn, "by_id", id=backup_id), backup_id)


async def lock(conn: Connection, backup_id: int) -> Backup:
    """Held for this transaction; raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=backup_id), backup_id)


async def running(conn: Connection, name: str) -> Backup | None:
    return _backup(await SQL.one(conn, "running", name=name))


async def is_under_way(conn: Connection, name: str, now: datetime) -> bool:
    """Is a run of this database in progress, or about to start?"""
    return bool((await SQL.the(conn, "is_under_way", name=name, soon=now + AS_GOOD_AS_BEGUN))["found"])


async def hear(
    conn: Connection, backup_id: int, *, size: int, tables: int | None, tables_done: int, now: datetime
) -> None:
    """A heartbeat of the run's process."""
    await SQL.run(conn, "hear", id=backup_id, size=size, tables=tables, tables_done=tables_done, now=now)


async def succeed(conn: Connection, backup_id: int, made: RunResult, now: datetime) -> Backup | None:
    """None when its outcome was decided before."""
    counts = None if made.counts is None else Jsonb(dict(made.counts))
    values = vars(made) | {"counts": counts, "source": Jsonb(dict(made.source)), "now": now}
    return _backup(await SQL.one(conn, "succeed", id=backup_id, **values))


async def fail(conn: Connection, backup_id: int, *, error: str, now: datetime) -> Backup | None:
    """None when its outcome was decided before."""
    return _backup(await SQL.one(conn, "fail", id=backup_id, error=error, now=now))


async def lose(
    conn: Connection, *, silent_since: datetime, own: Collection[int], now: datetime, again_at: datetime
) -> list[Backup]:
    """Give up runs whose process has been silent since then; others inspect their remains from `again_at` on."""
    when = {"silent_since": silent_since, "now": now, "again_at": again_at}
    return [Backup(**row) for row in await SQL.all(conn, "lose", own=list(own), **when)]


async def claim_left(
    conn: Connection, names: Sequence[str], machine: str, *, own: Collection[int], now: datetime, again_at: datetime
) -> list[Backup]:
    """Claim lost runs whose remains nobody has inspected yet, as far as this machine can."""
    values = {"names": list(names), "machine": machine, "own": list(own), "now": now, "again_at": again_at}
    return [Backup(**row) for row in await SQL.all(conn, "claim_left", **values)]


async def swept(conn: Connection, backup_id: int) -> None:
    """Its remains have been inspected: they are removed, or count as a backup."""
    await SQL.run(conn, "swept", id=backup_id)


async def judge(conn: Connection, backup_id: int, *, damage: str | None, now: datetime) -> Backup | None:
    """Record the verdict of reading it back; `damage` None = it is good. None when there is nothing to judge."""
    state = "damaged" if damage else "good"
    return _backup(await SQL.one(conn, "judge", id=backup_id, state=state, error=damage, now=now))


async def removing(conn: Connection, backup_id: int, again_at: datetime) -> None:
    """Its file is about to be deleted; unless `forget` follows by `again_at`, another process checks whether it was."""
    await SQL.run(conn, "removing", id=backup_id, again_at=again_at)


async def forget(conn: Connection, backup_id: int, now: datetime) -> bool:
    """Record that its file was deleted; False: already recorded."""
    return bool(await SQL.run(conn, "forget", id=backup_id, now=now))


async def files(conn: Connection, names: Sequence[str]) -> set[str]:
    """The files of all runs ever made."""
    return {row["file"] for row in await SQL.all(conn, "files", names=list(names))}


async def kept_at(conn: Connection, place: str, machine: str, limit: int) -> list[str]:
    """The files of the newest good ones that should be in this place."""
    return [row["file"] for row in await SQL.all(conn, "kept_at", place=place, machine=machine, limit=limit)]


async def names(conn: Connection) -> list[str]:
    """Every database that was ever backed up."""
    return [row["name"] for row in await SQL.all(conn, "names")]


async def adopt(
    conn: Connection, *, name: str, file: str, place: str, machine: str, adopted_by: str, started_at: datetime,
    ended_at: datetime, made: RunResult, now: datetime,
) -> Backup | None:  # fmt: skip
    """Record a good backup found at its place whose bytes were just read back; None when it is known already."""
    await hold(conn, name)
    counts = None if made.counts is None else Jsonb(dict(made.counts))
    where = {"name": name, "file": file, "place": place, "machine": machine, "adopted_by": adopted_by}
    when = {"started_at": started_at, "ended_at": ended_at, "now": now}
    values = vars(made) | {"counts": counts, "source": Jsonb(dict(made.source))}
    return _backup(await SQL.one(conn, "adopt", **where, **when, **values))


async def good(conn: Connection, names: Sequence[str]) -> list[Backup]:
    """Newest first."""
    return [Backup(**row) for row in await SQL.all(conn, "good", names=list(names))]


async def whole(conn: Connection, names: Sequence[str]) -> list[Backup]:
    """With a file to read back, good or damaged; newest first."""
    return [Backup(**row) for row in await SQL.all(conn, "whole", names=list(names))]


async def newest_whole(conn: Connection, names: Sequence[str]) -> Backup | None:
    """The newest that can be read back, good or damaged."""
    return _backup(await SQL.one(conn, "newest_whole", names=list(names)))


async def newest(conn: Connection, names: Sequence[str], limit: int) -> list[Backup]:
    return [Backup(**row) for row in await SQL.all(conn, "newest", names=list(names), limit=limit)]


async def last_of_each(conn: Connection, names: Sequence[str]) -> dict[str, Last]:
    found: dict[str, dict[str, Backup]] = {name: {} for name in names}
    for row in await SQL.all(conn, "last_of_each", names=list(names)):
        kind = row.pop("kind")
        found[row["name"]][kind] = Backup(**row)
    return {name: Last(**backups) for name, backups in found.items()}


async def has_newer_good(conn: Connection, backup: Backup) -> bool:
    values = {"name": backup.name, "started_at": backup.started_at, "id": backup.id}
    return bool((await SQL.the(conn, "has_newer_good", **values))["found"])


async def failed_lately(conn: Connection, name: str, most: int, *, since: datetime, before: datetime) -> list[Backup]:
    """Failed runs since the last good one but one, and those given up between `since` and `before`; newest first."""
    found = await SQL.all(conn, "failed_lately", name=name, most=most, since=since, before=before)
    return [Backup(**row) for row in found]


async def failure_before(conn: Connection, backup: Backup) -> Backup | None:
    """The run before this one, if it failed."""
    return _backup(await SQL.one(conn, "failure_before", name=backup.name, id=backup.id))


def _backup(row: Row | None) -> Backup | None:
    return Backup(**row) if row else None


def _found(row: Row | None, backup_id: int) -> Backup:
    if row is None:
        raise NotFound(f"There is no backup {backup_id}. `/backup list` shows what there is.")
    return Backup(**row)
