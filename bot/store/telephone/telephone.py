"""Telephone numbers: which have opted out of texts, and which pages went where."""

from datetime import datetime

from bot.domain.paging.page import Page
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def stop(conn: Connection, phone: str, now: datetime) -> bool:
    """False when it had opted out already."""
    return await SQL.run(conn, "stop", phone=phone, now=now) == 1


async def start(conn: Connection, phone: str) -> bool:
    """False when it had not opted out."""
    return await SQL.run(conn, "start", phone=phone) == 1


async def has_stopped(conn: Connection, phone: str) -> bool:
    return bool((await SQL.the(conn, "has_stopped", phone=phone))["stopped"])


async def stopped(conn: Connection) -> list[str]:
    return [str(row["phone"]) for row in await SQL.all(conn, "stopped")]


async def pages_to(conn: Connection, phone: str, limit: int = 50) -> list[Page]:
    """Pages that may have reached this number, newest first."""
    return [Page(**row) for row in await SQL.all(conn, "pages_to", phone=phone, limit=limit)]


async def is_referred_to(conn: Connection, reference: str, *, but: int) -> bool:
    """Does a text or call with this reference belong to a page other than `but`?"""
    return bool((await SQL.the(conn, "is_referred_to", reference=reference, but=but))["referred_to"])
