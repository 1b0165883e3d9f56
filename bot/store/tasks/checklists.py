"""The tables of incidents' checklists; a box's `ask_at` is a timer."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.errors import NotFound
from bot.domain.tasks.checklist import Checklist, Item
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def begin(
    conn: Connection, incident_id: int, name: str, items: Sequence[Item], *, posted: bool, now: datetime
) -> Checklist | None:
    """None when one of this name exists."""
    row = await SQL.one(conn, "begin", incident_id=incident_id, name=name, posted_at=now if posted else None, now=now)
    if row is None:
        return None
    for item in items:
        await SQL.defer(conn, "add", checklist_id=row["id"], incident_id=incident_id, **vars(item))
    return Checklist(**row, items=items)


async def get(conn: Connection, checklist_id: int) -> Checklist:
    """Raises NotFound."""
    row = await SQL.one(conn, "by_id", id=checklist_id)
    if row is None:
        raise NotFound("There is no such checklist. `/incident checklist` shows those of this incident.")
    return await _whole(conn, row)


async def of_incident(conn: Connection, incident_id: int) -> dict[str, Checklist]:
    """The current ones, by name."""
    rows = await SQL.all(conn, "of_incident", incident_id=incident_id)
    return {row["name"]: await _whole(conn, row) for row in rows}


async def closed(conn: Connection, incident_id: int) -> list[Checklist]:
    """Those closed by a reopening, oldest first."""
    return [await _whole(conn, row) for row in await SQL.all(conn, "closed", incident_id=incident_id)]


async def save(conn: Connection, checklist: Checklist) -> None:
    names = ("id", "posted_at", "closed_at", "waived_at", "waived_by", "waived_why")
    await SQL.run(conn, "save", **{name: getattr(checklist, name) for name in names})


async def save_item(conn: Connection, checklist_id: int, item: Item) -> None:
    await SQL.run(conn, "save_item", checklist_id=checklist_id, **vars(item))


async def _whole(conn: Connection, row: Row) -> Checklist:
    items = [Item(**one) for one in await SQL.all(conn, "items", checklist_id=row["id"])]
    return Checklist(**row, items=items)
