"""The table of incidents' tasks; each row's `ask_at` is a timer."""

from datetime import datetime, timedelta

from bot.domain.errors import NotFound
from bot.domain.tasks.task import Task
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def insert(
    conn: Connection, incident_id: int, what: str, *, owner: str, asked_by: str, span: timedelta | None, now: datetime
) -> Task:
    due_at = now + span if span else None
    values = {"incident_id": incident_id, "what": what, "owner": owner, "asked_by": asked_by, "span": span}
    return Task(**await SQL.the(conn, "insert", **values, due_at=due_at, now=now))


async def get(conn: Connection, task_id: int) -> Task:
    """Raises NotFound."""
    row = await SQL.one(conn, "by_id", id=task_id)
    if row is None:
        raise NotFound("There is no such task. `/incident task list` shows those of this incident.")
    return Task(**row)


async def of_incident(conn: Connection, incident_id: int) -> list[Task]:
    """Oldest first."""
    return [Task(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]


async def save(conn: Connection, task: Task) -> None:
    names = ("id", "owner", "due_at", "ask_at", "set_at", "asked", "done_at", "done_by")
    await SQL.run(conn, "save", **{name: getattr(task, name) for name in names})


async def rest(conn: Connection, incident_id: int) -> None:
    """Stop asking about them."""
    await SQL.run(conn, "rest", incident_id=incident_id)
