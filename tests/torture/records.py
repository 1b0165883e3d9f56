"""Reads a torture run's database, by its own statements."""

from collections.abc import Mapping
from typing import Any

from psycopg import OperationalError
from psycopg.rows import dict_row

from bot.store.pipelined import Connection
from bot.store.queries import Queries
from tests.torture.evidence import Answered, Incident, Page, Request

SQL = Queries(__file__)


async def read(url: str) -> tuple[list[Incident], list[Request], list[str]]:
    """Incidents, requests, and the stored bodies of alerts."""
    async with await _connected(url) as conn:
        incidents = {row["id"]: Incident(**row) for row in await SQL.all(conn, "incidents")}
        for row in await SQL.all(conn, "pages"):
            incidents[row["incident_id"]].pages.append(Page(**row))
        for row in await SQL.all(conn, "by_hand"):
            incidents[row["incident_id"]].by_hand.append(row["at"])
        for row in await SQL.all(conn, "answers"):
            incidents[row.pop("incident_id")].answers.append(Answered(**row))
        requests = [Request(**row) for row in await SQL.all(conn, "requests")]
        alerts = [row["body"] for row in await SQL.all(conn, "alerts")]
    return list(incidents.values()), requests, alerts


async def unfinished(url: str) -> list[Mapping[str, Any]]:
    """What is left to do; while the database is down, the database itself."""
    try:
        async with await _connected(url) as conn:
            return list(await SQL.all(conn, "unfinished"))
    except OperationalError as error:
        return [{"what": "the database", "error": str(error)}]


async def _connected(url: str) -> Connection:
    return await Connection.connect(url, row_factory=dict_row, autocommit=True)
