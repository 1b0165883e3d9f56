"""Pages, as they are kept."""

from datetime import datetime

from bot.domain.page import Page, PageState, Via
from bot.store.outbox import Delivery
from bot.store.queries import Connection, Queries, Row

SQL = Queries(__file__)


async def insert(
    conn: Connection,
    *,
    incident_id: int,
    run: int,
    loop: int,
    step: int,
    tier: str | None,
    person: str,
    via: Via,
    contact: str,
    reason: str | None,
    late: bool,
    due_at: datetime,
) -> Page | None:
    """None when this person was paged for this step by this channel before."""
    values = {"incident_id": incident_id, "run": run, "loop": loop, "step": step, "tier": tier, "person": person}
    rest = {"via": via, "contact": contact, "reason": reason, "late": late, "due_at": due_at}
    row = await SQL.one(conn, "insert", **values, **rest)
    return Page(**row) if row else None


async def get(conn: Connection, page_id: int) -> Page:
    return Page(**await SQL.the(conn, "get", id=page_id))


async def find(conn: Connection, page_id: int) -> Page | None:
    row = await SQL.one(conn, "get", id=page_id)
    return Page(**row) if row else None


async def of_incident(conn: Connection, incident_id: int) -> list[Page]:
    """Oldest first."""
    return [Page(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]


async def of_step(conn: Connection, incident_id: int, run: int, loop: int, step: int) -> list[Page]:
    rows = await SQL.all(conn, "of_step", incident_id=incident_id, run=run, loop=loop, step=step)
    return [Page(**row) for row in rows]


async def attempted(conn: Connection, page_id: int, delivery: Delivery, now: datetime) -> Page | None:
    """Count an attempt that is about to be made; None when the page is not wanted any more, or not ours to send."""
    row = await SQL.one(conn, "attempted", id=page_id, delivery=delivery.id, fence=delivery.fence, now=now)
    return Page(**row) if row else None


async def settle(
    conn: Connection,
    page_id: int,
    state: PageState,
    *,
    now: datetime,
    reference: str | None = None,
    error: str | None = None,
) -> bool:
    """Write down what the provider said; False when it had been settled before."""
    return await SQL.run(conn, "settle", id=page_id, state=state, now=now, reference=reference, error=error) == 1


async def report(
    conn: Connection, page_id: int, reported: str, *, now: datetime, state: PageState, error: str | None
) -> None:
    """Write down what the provider says of it after it took it."""
    await SQL.run(conn, "report", id=page_id, reported=reported, now=now, state=state, error=error)


async def note_error(conn: Connection, page_id: int, error: str) -> None:
    await SQL.run(conn, "note_error", id=page_id, error=error)


async def cancel_waiting(conn: Connection, incident_id: int) -> list[Page]:
    return [Page(**row) for row in await SQL.all(conn, "cancel_waiting", incident_id=incident_id)]


async def counts(conn: Connection) -> list[Row]:
    return await SQL.all(conn, "counts")
