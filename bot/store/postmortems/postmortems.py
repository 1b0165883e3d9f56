"""The tables of post-mortems and their versions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from bot.domain.postmortems.postmortem import Postmortem
from bot.domain.postmortems.rules import Reason
from bot.store.due_rows import IncidentRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)
ROWS = IncidentRows(SQL)


@dataclass(frozen=True)
class Version:
    """The text under each heading after somebody's edit; `number` counts from 1."""

    number: int
    author: str
    at: datetime
    sections: Mapping[str, str]


async def get(conn: Connection, incident_id: int) -> Postmortem | None:
    """The incident's post-mortem, even if withdrawn. Callers that change it have locked the incident."""
    row = await SQL.one(conn, "of_incident", incident_id=incident_id)
    return as_kept(row) if row else None


async def save(conn: Connection, postmortem: Postmortem) -> None:
    values = asdict(postmortem) | {"reasons": Jsonb([asdict(one) for one in postmortem.reasons])}
    await SQL.run(conn, "save", **values)


async def save_canvas(conn: Connection, incident_id: int, canvas: str | None) -> None:
    """Set Slack's id of its canvas, which `save` doesn't touch."""
    await SQL.run(conn, "save_canvas", incident_id=incident_id, canvas=canvas)


async def write(conn: Connection, incident_id: int, version: Version) -> None:
    values = vars(version) | {"sections": Jsonb(dict(version.sections))}
    await SQL.run(conn, "write", incident_id=incident_id, **values)


async def version(conn: Connection, incident_id: int, number: int) -> Version | None:
    row = await SQL.one(conn, "version", incident_id=incident_id, number=number)
    return Version(**row) if row else None


async def versions(conn: Connection, incident_id: int) -> list[Version]:
    """Oldest first."""
    return [Version(**row) for row in await SQL.all(conn, "versions", incident_id=incident_id)]


async def alerts(conn: Connection, incident_id: int, limit: int) -> list[Row]:
    """What monitoring reported: {title, level, count, since, until}, oldest first; `until` None: still firing.
    `in_all`: the total number, regardless of the limit."""
    return await SQL.all(conn, "alerts", incident_id=incident_id, limit=limit)


async def brought_back(conn: Connection, incident_id: int) -> dict[str, datetime]:
    """Databases restored during it, and when the backup they now have was taken."""
    rows = await SQL.all(conn, "brought_back", incident_id=incident_id)
    return {row["name"]: row["taken_at"] for row in rows}


async def live(conn: Connection, limit: int) -> list[Postmortem]:
    """Those somebody still has to work on; the first due comes first."""
    return [as_kept(row) for row in await SQL.all(conn, "live", limit=limit)]


def as_kept(row: Row) -> Postmortem:
    reasons = tuple(Reason(**one) for one in row["reasons"])
    return Postmortem(**{**row, "reasons": reasons})
