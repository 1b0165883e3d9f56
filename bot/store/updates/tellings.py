"""What became of each text for an audience: whether it was accepted anywhere, and who approved it."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.updates.update import Moment, State
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Telling:
    """`sent_at`: when the first address accepted it; None: none has. `approved_by`: None: no approval was needed."""

    id: int
    audience: str
    moment: Moment
    state: State
    author: str
    subject: str
    text: str
    created_at: datetime
    sent_at: datetime | None
    approved_by: str | None


async def of_incident(conn: Connection, incident_id: int) -> list[Telling]:
    """Oldest first, without drafts."""
    return [Telling(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]
