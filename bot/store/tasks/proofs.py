"""Evidence that recurring work was done, read from the other rooms' tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.tasks.proof import ProofKind
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)
QUERIES: Mapping[ProofKind, str] = {
    "backup": "backups",
    "drill": "drills",
    "health": "looks",
    "rehearsal": "rehearsals",
    "test_page": "test_pages",
}


@dataclass(frozen=True)
class Found:
    """`id`: the backup's or incident's; 0 or None where there is none. `name`: the database's, check's or person's."""

    name: str
    id: int | None
    at: datetime


async def found(
    conn: Connection, kind: ProofKind, names: Sequence[str] | None, *, since: datetime, until: datetime
) -> list[Found]:
    """After `since`, for these names; None: for any."""
    wanted = None if names is None else list(names)
    rows = await SQL.all(conn, QUERIES[kind], names=wanted, since=since, until=until)
    return [Found(**row) for row in rows]
