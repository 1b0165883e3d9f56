"""The table of data breaches; each row's due time is a timer."""

from bot.domain.incidents.breach import Breach
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


async def get(conn: Connection, incident_id: int) -> Breach | None:
    """None: the incident is not a breach."""
    row = await SQL.one(conn, "get", incident_id=incident_id)
    return Breach(**row) if row else None


async def save(conn: Connection, breach: Breach) -> None:
    await SQL.run(conn, "save", **vars(breach))
