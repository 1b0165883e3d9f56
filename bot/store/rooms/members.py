"""Who was added to a private incident or removed from it."""

from datetime import datetime

from bot.domain.incidents.membership import ByHand, Paged
from bot.store.pipelined import Connection
from bot.store.queries import Queries, ask_all

SQL = Queries(__file__)


async def get(conn: Connection, incident_id: int) -> tuple[list[ByHand], list[Paged]]:
    """Oldest first."""
    of = {"incident_id": incident_id}
    by_hand, paged = await ask_all(conn, (SQL, "of_incident", of), (SQL, "paged", of))
    return [ByHand(**row) for row in by_hand], [Paged(**row) for row in paged]


async def change(
    conn: Connection, incident_id: int, person: str, *, is_in: bool, changed_by: str, now: datetime
) -> None:
    await SQL.run(conn, "change", incident_id=incident_id, person=person, is_in=is_in, changed_by=changed_by, now=now)
