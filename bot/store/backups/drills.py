"""The tables of drill plans, and of every drill with its findings."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from bot.domain.backups.drill import Drill, DrillFindings, Stage, scratch_name
from bot.domain.backups.target import Target
from bot.domain.errors import NotFound
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


# Plans


async def plan(conn: Connection, name: str, due_at: datetime, now: datetime) -> None:
    """Schedule the next drill of this database, unless one is overdue."""
    await SQL.run(conn, "plan", name=name, due_at=due_at, now=now)


async def claim_plans(conn: Connection, names: Sequence[str], now: datetime) -> list[str]:
    """The databases whose drill is due, locked for this transaction."""
    return [row["name"] for row in await SQL.all(conn, "claim_plans", names=list(names), now=now)]


async def postpone_plan(conn: Connection, name: str, due_at: datetime) -> None:
    await SQL.run(conn, "postpone_plan", name=name, due_at=due_at)


def due_rows(names: Sequence[str], planned: Sequence[str], *, own: Collection[int], lost_after: timedelta) -> DueRows:
    """When the next is due, one not among `own` counts as lost, or a scratch database has to be removed."""
    values = {"names": list(names), "planned": list(planned), "own": list(own), "lost_after": lost_after}
    return DueRows(SQL, values)


# Drills


async def begin(conn: Connection, *, name: str, backup_id: int | None, started_by: str, now: datetime) -> Drill | None:
    """A new drill, by default of the newest valid backup; None when one of this database is running."""
    row = await SQL.one(conn, "begin", name=name, backup_id=backup_id, started_by=started_by, now=now)
    if row is None:
        return None
    return as_kept(await SQL.the(conn, "name_scratch", id=row["id"], scratch=scratch_name("drill", row["id"])))


async def get(conn: Connection, drill_id: int) -> Drill:
    row = await SQL.one(conn, "by_id", id=drill_id)
    if row is None:
        raise NotFound(f"There is no drill {drill_id}.")
    return as_kept(row)


async def move_on(
    conn: Connection, drill_id: int, stage: Stage, now: datetime, *, backup_id: int | None = None,
    place: Target | None = None,
) -> None:  # fmt: skip
    """Record its stage; also a heartbeat."""
    where = Jsonb(place.as_place) if place else None
    await SQL.run(conn, "move_on", id=drill_id, stage=stage, now=now, backup_id=backup_id, place=where)


async def saved(conn: Connection, drill_id: int, now: datetime) -> None:
    """The current data has been dumped; also a heartbeat."""
    await SQL.run(conn, "saved", id=drill_id, now=now)


async def hear(conn: Connection, drill_id: int, now: datetime) -> None:
    """A heartbeat of its process."""
    await SQL.run(conn, "hear", id=drill_id, now=now)


async def passed(
    conn: Connection, drill_id: int, found: DrillFindings, *, took: timedelta, rto: timedelta | None, now: datetime
) -> Drill | None:
    """None when its outcome was decided before."""
    values = vars(found) | {"lost": Jsonb(list(found.lost)), "took": took, "rto": rto, "now": now}
    values.pop("unheld")
    return _drill(await SQL.one(conn, "pass", id=drill_id, **values))


async def fail(conn: Connection, drill_id: int, *, error: str, now: datetime) -> Drill | None:
    """None when its outcome was decided before."""
    return _drill(await SQL.one(conn, "fail", id=drill_id, error=error, now=now))


async def lose(conn: Connection, *, silent_since: datetime, own: Collection[int], now: datetime) -> list[Drill]:
    """Give up drills whose process has been silent since then."""
    return [as_kept(row) for row in await SQL.all(conn, "lose", silent_since=silent_since, own=list(own), now=now)]


async def claim_left(conn: Connection, names: Sequence[str], *, now: datetime, again_at: datetime) -> list[Drill]:
    """Claim ended ones with a scratch database left; nobody else touches them before `again_at`."""
    rows = await SQL.all(conn, "claim_left", names=list(names), now=now, again_at=again_at)
    return [as_kept(row) for row in rows]


async def swept(conn: Connection, drill_id: int) -> None:
    """Its scratch database is gone."""
    await SQL.run(conn, "swept", id=drill_id)


async def sweep_again(conn: Connection, drill_id: int, again_at: datetime) -> None:
    """Its scratch database could not be removed; try again then."""
    await SQL.run(conn, "sweep_again", id=drill_id, again_at=again_at)


async def last_of_each(conn: Connection, names: Sequence[str]) -> dict[str, Drill]:
    """The last one that has ended, by database."""
    return {row["name"]: as_kept(row) for row in await SQL.all(conn, "last_of_each", names=list(names))}


async def last_begun(conn: Connection, name: str) -> datetime | None:
    """When the last planned one began; None = there was none."""
    began: datetime | None = (await SQL.the(conn, "last_begun", name=name))["began"]
    return began


def _drill(row: Row | None) -> Drill | None:
    return as_kept(row) if row else None


def as_kept(row: Row) -> Drill:
    return Drill(**row | {"place": Target(**row["place"]) if row["place"] else None})
