"""Test pages that ask for confirmation: each is an incident of its own with a single page."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.paging.confirmation import Asked
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def in_round(conn: Connection, number: int) -> set[tuple[str, str]]:
    """The person and way of each test page already sent in this round."""
    return {(row["person"], row["via"]) for row in await SQL.all(conn, "in_round", round=number)}


async def latest(conn: Connection) -> list[Asked]:
    """The latest test page for each person and way, and whether it was confirmed."""
    return [Asked(**row) for row in await SQL.all(conn, "latest")]


async def over(conn: Connection, people: Sequence[str], *, before: datetime) -> list[int]:
    """Open ones that wait for nobody: answered, sent before `before`, or to somebody not among `people`."""
    return [row["id"] for row in await SQL.all(conn, "over", people=list(people), before=before)]


async def open_of(conn: Connection, person: str) -> list[int]:
    return [row["id"] for row in await SQL.all(conn, "open_of", person=person)]
