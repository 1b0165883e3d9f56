"""The table of actions that result from incidents."""

from datetime import datetime

from bot.domain.errors import NotFound
from bot.domain.postmortems.action import Action, NewAction
from bot.store.due_rows import DueRows, IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def insert(conn: Connection, incident_id: int, new: NewAction, *, created_by: str, now: datetime) -> Action:
    values = {**vars(new), "incident_id": incident_id, "created_by": created_by, "now": now}
    return Action(**await SQL.the(conn, "insert", **values))


async def get(conn: Connection, action_id: int) -> Action:
    """Raises NotFound."""
    row = await SQL.one(conn, "by_id", id=action_id)
    if row is None:
        raise NotFound("There is no such action. `/incident action list` shows those of this incident.")
    return Action(**row)


async def of_incident(conn: Connection, incident_id: int) -> list[Action]:
    """Oldest first."""
    return [Action(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]


async def open_ones(conn: Connection, limit: int) -> list[Action]:
    """For all incidents; the first due comes first."""
    return [Action(**row) for row in await SQL.all(conn, "open", limit=limit)]


async def left(conn: Connection) -> list[Action]:
    """Open actions of resolved incidents that are neither drills nor private; the first due comes first."""
    return [Action(**row) for row in await SQL.all(conn, "left")]


async def save(conn: Connection, action: Action) -> None:
    names = ("id", "owner", "by_at", "done_by", "done_at", "set_at", "due_at")
    await SQL.run(conn, "save", **{name: getattr(action, name) for name in names})


async def begin_lists(conn: Connection, *, now: datetime, due_at: datetime) -> None:
    """Schedule the first list, if none was scheduled before."""
    await SQL.run(conn, "begin_lists", now=now, due_at=due_at)


async def claim_list(conn: Connection, now: datetime) -> bool:
    """Is a list due that no other process has? Locked until this transaction ends."""
    return await SQL.one(conn, "claim_list", now=now) is not None


async def plan_list(conn: Connection, *, now: datetime, due_at: datetime) -> None:
    await SQL.run(conn, "plan_list", now=now, due_at=due_at)


def due_lists() -> DueRows:
    return DueRows(SQL, statement="next_list")
