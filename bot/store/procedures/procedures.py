"""Procedure runs and the ticks on their steps; each run's due time is a timer."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from psycopg.types.json import Json

from bot.domain.errors import NotFound
from bot.domain.procedures.run import Run, Step, Tick
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def start(
    conn: Connection, *, incident_id: int, key: str, title: str, steps: Sequence[Step], started_by: str, now: datetime,
    due_at: datetime | None,
) -> Run:  # fmt: skip
    # Not jsonb, which would reorder the answers of a question.
    kept = Json([asdict(step) for step in steps])
    values = {"incident_id": incident_id, "key": key, "title": title, "steps": kept, "started_by": started_by}
    return _run(await SQL.the(conn, "start", **values, now=now, due_at=due_at), ())


async def get(conn: Connection, run_id: int) -> Run:
    """Raises NotFound."""
    row = await SQL.one(conn, "by_id", id=run_id)
    if row is None:
        raise NotFound("There is no such procedure under way. `/incident runbook` shows those there are.")
    return (await _with_ticks(conn, [row]))[0]


async def of_incident(conn: Connection, incident_id: int) -> list[Run]:
    """Oldest first."""
    return await _with_ticks(conn, await SQL.all(conn, "of_incident", incident_id=incident_id))


async def under_way(conn: Connection, limit: int) -> list[Run]:
    """In open incidents, newest first."""
    return await _with_ticks(conn, await SQL.all(conn, "under_way", limit=limit))


async def tick(conn: Connection, run: Run, tick: Tick) -> None:
    values = {name: value for name, value in vars(tick).items() if not name.startswith("undone")}
    await SQL.run(conn, "tick", run_id=run.id, **values)


async def undo(conn: Connection, run: Run, since: Tick, *, by: str, at: datetime) -> None:
    """Undo this tick and all later ones."""
    await SQL.run(conn, "undo", run_id=run.id, number=since.number, by=by, at=at)


async def go_on(
    conn: Connection, run: Run, *, now: datetime, due_at: datetime | None, ended_at: datetime | None
) -> None:
    await SQL.run(conn, "go_on", id=run.id, now=now, due_at=due_at, ended_at=ended_at)


async def outdate(conn: Connection, run: Run, at: datetime | None) -> None:
    await SQL.run(conn, "outdate", id=run.id, at=at)


async def look_again(conn: Connection, run: Run, due_at: datetime) -> None:
    await SQL.run(conn, "look_again", id=run.id, due_at=due_at)


async def look_now(conn: Connection, incident_id: int, now: datetime) -> None:
    await SQL.run(conn, "look_now", incident_id=incident_id, now=now)


async def judge_now(conn: Connection, run: Run, now: datetime) -> None:
    """`run`: its state when the look began."""
    await SQL.run(conn, "judge_now", id=run.id, changed_at=run.changed_at, now=now)


async def _with_ticks(conn: Connection, rows: Sequence[Row]) -> list[Run]:
    if not rows:
        return []
    ticks: dict[int, list[Tick]] = {row["id"]: [] for row in rows}
    for one in await SQL.all(conn, "ticks", run_ids=list(ticks)):
        ticks[one.pop("run_id")].append(Tick(**one))
    return [_run(row, ticks[row["id"]]) for row in rows]


def _run(row: Row, ticks: Sequence[Tick]) -> Run:
    return Run(**{**row, "steps": [Step(**step) for step in row["steps"]], "ticks": ticks})
