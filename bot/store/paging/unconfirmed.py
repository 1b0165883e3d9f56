"""Unconfirmed pages: it is unknown whether their provider has accepted them."""

from datetime import datetime

from bot.domain.paging.page import Page
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def begin(conn: Connection, page_id: int, now: datetime) -> datetime:
    """Start looking for the page, unless that has started; returns when it did."""
    began: datetime = (await SQL.the(conn, "begin", id=page_id, now=now))["unconfirmed_at"]
    return began


async def end(conn: Connection, page_id: int) -> None:
    await SQL.run(conn, "end", id=page_id)


async def repeat(conn: Connection, page_id: int, now: datetime) -> None:
    """It is sent again as a possible repeat; if that is in doubt too, the search starts anew."""
    await SQL.run(conn, "repeat", id=page_id, now=now)


async def rivals(conn: Connection, page: Page, since: datetime) -> list[int]:
    """Other pages that an unknown call to this number may belong to, each as often as it may have made one.

    Includes those still waiting, and others if first tried since `since`.
    """
    rows = await SQL.all(conn, "rivals", phone=page.contact, but=page.id, since=since)
    return [row["id"] for row in rows for _ in range(row["calls"])]
