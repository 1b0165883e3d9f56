"""The table of alerts that providers keep for our incidents."""

from datetime import datetime

from bot.domain.paging.page import Via
from bot.domain.paging.provider_alert import AlertState, ProviderAlert
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def open_one(conn: Connection, page_id: int, *, number: int, key: str) -> ProviderAlert | None:
    """None when another one is open, the number is taken, or the page was cancelled meanwhile."""
    row = await SQL.one(conn, "open", page_id=page_id, number=number, key=key)
    return ProviderAlert(**row) if row else None


async def of_incident(conn: Connection, incident_id: int, via: Via) -> list[ProviderAlert]:
    """Oldest first; only the last one can be open."""
    return [ProviderAlert(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id, via=via)]


async def get(conn: Connection, incident_id: int, via: Via, number: int) -> ProviderAlert | None:
    row = await SQL.one(conn, "get", incident_id=incident_id, via=via, number=number)
    return ProviderAlert(**row) if row else None


async def is_known(conn: Connection, key: str) -> bool:
    return bool((await SQL.the(conn, "is_known", key=key))["is_known"])


async def set_state(conn: Connection, alert: ProviderAlert, state: AlertState, now: datetime) -> None:
    of = {"incident_id": alert.incident_id, "via": alert.via, "number": alert.number}
    await SQL.run(conn, "set_state", **of, state=state, now=now)
