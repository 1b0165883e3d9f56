"""The table of restores: who asked, who decided, progress and outcome."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from bot.domain.actor import Actor
from bot.domain.backups.drill import DrillFindings, Stage, scratch_name
from bot.domain.backups.restore import Recoveries, Restore
from bot.domain.backups.target import Prospect, Target
from bot.domain.errors import NotFound
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


async def ask(
    conn: Connection, *, name: str, backup_id: int, asked_by: Actor, prospect: Prospect, incident_id: int | None,
    now: datetime, expires_at: datetime,
) -> Restore | None:  # fmt: skip
    """A restore waiting for approval; None when another of this database is waiting or running."""
    values = {"name": name, "backup_id": backup_id, "asked_by": asked_by.name, "asked_account": asked_by.slack_id}
    values |= {"incident_id": incident_id, "prospect": Jsonb(prospect.as_kept()), "running": prospect.target.running}
    row = await SQL.one(conn, "ask", **values, now=now, expires_at=expires_at)
    if row is None:
        return None
    names = {"scratch": scratch_name("restore", row["id"]), "aside": scratch_name("before", row["id"])}
    return as_kept(await SQL.the(conn, "name_databases", id=row["id"], **names))


async def get(conn: Connection, restore_id: int) -> Restore:
    return _found(await SQL.one(conn, "by_id", id=restore_id), restore_id)


async def lock(conn: Connection, restore_id: int) -> Restore:
    """Locked for this transaction; raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=restore_id), restore_id)


async def open_into(conn: Connection, name: str, target: Target) -> Restore | None:
    """The waiting or running one of this entry, or into this database. Locks out new requests until the commit."""
    await SQL.one(conn, "hold_target", target=target.database)
    where = {"server": target.server, "port": target.port, "database": target.database, "running": target.running}
    return _restore(await SQL.one(conn, "open_into", name=name, **where))


async def begin(
    conn: Connection, restore_id: int, *, decided_by: str | None, reason: str | None, now: datetime,
    overruled: str | None = None,
) -> Restore:  # fmt: skip
    """Start it: approved by somebody, or with the reason why nobody was asked."""
    values = {"decided_by": decided_by, "reason": reason, "overruled": overruled, "now": now}
    return as_kept(await SQL.the(conn, "begin", id=restore_id, **values))


async def reject(conn: Connection, restore_id: int, decided_by: str, now: datetime) -> Restore:
    return as_kept(await SQL.the(conn, "reject", id=restore_id, decided_by=decided_by, now=now))


async def expire(conn: Connection, now: datetime) -> list[Restore]:
    """End those that nobody decided in time; returns them."""
    return [as_kept(row) for row in await SQL.all(conn, "expire", now=now)]


async def tie(conn: Connection, restore_id: int, incident_id: int) -> None:
    await SQL.run(conn, "tie", id=restore_id, incident_id=incident_id)


async def move_on(conn: Connection, restore_id: int, stage: Stage, now: datetime, *, number: int | None = None) -> bool:
    """Record its stage; also a heartbeat. False: it has been given up meanwhile and must stop.

    `number`: the server's OID of the database about to be swapped in.
    """
    return bool(await SQL.run(conn, "move_on", id=restore_id, stage=stage, now=now, number=number))


async def hear(conn: Connection, restore_id: int, *, bytes_back: int, now: datetime) -> Restore | None:
    """A heartbeat of its process; None: it is no longer running."""
    return _restore(await SQL.one(conn, "hear", id=restore_id, bytes_back=bytes_back, now=now))


async def saved(conn: Connection, restore_id: int, *, safety_id: int | None, error: str | None) -> None:
    await SQL.run(conn, "saved", id=restore_id, safety_id=safety_id, error=error)


async def done(
    conn: Connection,
    restore_id: int,
    found: DrillFindings,
    *,
    kept: bool,
    took: timedelta,
    rto: timedelta | None,
    now: datetime,
) -> Restore | None:
    """None when its outcome was decided before."""
    values = vars(found) | {"unheld": Jsonb(list(found.unheld)), "lost": Jsonb(list(found.lost))}
    return _restore(await SQL.one(conn, "done", id=restore_id, **values, kept=kept, took=took, rto=rto, now=now))


async def fail(conn: Connection, restore_id: int, *, error: str, now: datetime) -> Restore | None:
    """None when its outcome was decided before."""
    return _restore(await SQL.one(conn, "fail", id=restore_id, error=error, now=now))


async def lose(conn: Connection, *, silent_since: datetime, own: Collection[int], now: datetime) -> list[Restore]:
    """Give up restores whose process has been silent since then."""
    return [as_kept(row) for row in await SQL.all(conn, "lose", silent_since=silent_since, own=list(own), now=now)]


async def claim_left(conn: Connection, names: Sequence[str], *, now: datetime, again_at: datetime) -> list[Restore]:
    """Claim ended ones that still need a clean-up; nobody else touches them before `again_at`."""
    rows = await SQL.all(conn, "claim_left", names=list(names), now=now, again_at=again_at)
    return [as_kept(row) for row in rows]


async def swept(conn: Connection, restore_id: int, *, kept: bool, exchanged_at: datetime | None) -> Restore | None:
    """Its scratch database is gone. `exchanged_at`: when its data was found swapped in; None = it was not.

    None when it was swept before.
    """
    return _restore(await SQL.one(conn, "swept", id=restore_id, kept=kept, exchanged_at=exchanged_at))


async def sweep_again(conn: Connection, restore_id: int, again_at: datetime) -> None:
    """The clean-up failed; try again then."""
    await SQL.run(conn, "sweep_again", id=restore_id, again_at=again_at)


def due_rows(names: Sequence[str], *, own: Collection[int], lost_after: timedelta) -> DueRows:
    """When one expires, one not among `own` counts as lost, or one needs a clean-up."""
    return DueRows(SQL, {"names": list(names), "own": list(own), "lost_after": lost_after})


async def last_took(conn: Connection, name: str) -> timedelta | None:
    """How long this database's last successful restore or drill took; None = none was."""
    took: timedelta | None = (await SQL.the(conn, "last_took", name=name))["took"]
    return took


async def recoveries(conn: Connection, since: datetime) -> list[Recoveries]:
    """Successful drills and restores that ended since then."""
    return [Recoveries(**row) for row in await SQL.all(conn, "recoveries", since=since)]


async def session(conn: Connection) -> tuple[int, datetime]:
    """How our own database's server identifies this connection: backend pid, and when the server started."""
    row = await SQL.the(conn, "session")
    return row["pid"], row["since"]


def _restore(row: Row | None) -> Restore | None:
    return as_kept(row) if row else None


def as_kept(row: Row) -> Restore:
    return Restore(**row | {"prospect": Prospect.of(row["prospect"]) if row["prospect"] else None})


def _found(row: Row | None, restore_id: int) -> Restore:
    if row is None:
        raise NotFound(f"There is no restore {restore_id}.")
    return as_kept(row)
