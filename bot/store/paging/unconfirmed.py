"""Pages of which it is not known whether their provider has taken them, as they are kept."""

from datetime import datetime

from bot.domain.paging.page import Page
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def begin(conn: Connection, page_id: int, now: datetime) -> datetime:
    """Since when the page has been looked for: since now, unless it was before."""
    began: datetime = (await SQL.the(conn, "begin", id=page_id, now=now))["unconfirmed_at"]
    return began


async def end(conn: Connection, page_id: int) -> None:
    await SQL.run(conn, "end", id=page_id)


async def repeat(conn: Connection, page_id: int, now: datetime) -> None:
    """It is sent as a possible repeat: should that be in doubt too, it is looked for anew."""
    await SQL.run(conn, "repeat", id=page_id, now=now)


async def rivals(conn: Connection, page: Page, since: datetime) -> list[int]:
    """The other pages that may have called this number, each as often as it may have done so unknown to us.

    Those that wait, and of the others those that were first tried `since` then.
    """
    rows = await SQL.all(conn, "rivals", phone=page.contact, but=page.id, since=since)
    return [row["id"] for row in rows for _ in range(row["calls"])]
