"""Test pages that were to be confirmed: each is an incident of its own with one page."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.paging.confirmation import Asked
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def in_round(conn: Connection, number: int) -> set[tuple[str, str]]:
    """Who was asked in this round already, and by which way."""
    return {(row["person"], row["via"]) for row in await SQL.all(conn, "in_round", round=number)}


async def latest(conn: Connection) -> list[Asked]:
    """Of each person and way, how the last asking stands."""
    return [Asked(**row) for row in await SQL.all(conn, "latest")]


async def over(conn: Connection, people: Sequence[str], *, before: datetime) -> list[int]:
    """Those that are open and wait for nobody any more: answered, sent before then, or of none of these people."""
    return [row["id"] for row in await SQL.all(conn, "over", people=list(people), before=before)]


async def open_of(conn: Connection, person: str) -> list[int]:
    return [row["id"] for row in await SQL.all(conn, "open_of", person=person)]
