"""Questions with buttons that rooms were asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.errors import NotFound
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Prompt:
    """`asking` and `answered`: the message as Slack takes it, with its buttons and without."""

    id: int
    incident_id: int
    about: str
    asking: Mapping[str, Any]
    answered: Mapping[str, Any]
    is_open: bool = True


async def insert(
    conn: Connection, incident_id: int, about: str, asking: Mapping[str, Any], answered: Mapping[str, Any]
) -> int:
    """Returns its id."""
    values = {"incident_id": incident_id, "about": about, "asking": Jsonb(asking), "answered": Jsonb(answered)}
    return int((await SQL.the(conn, "insert", **values))["id"])


async def get(conn: Connection, number: int) -> Prompt:
    row = await SQL.one(conn, "get", id=number)
    if row is None:
        raise NotFound("This question no longer exists.")
    return Prompt(**row)


async def close(conn: Connection, incident_id: int, about: Sequence[str]) -> list[int]:
    """Close the open ones; returns each only once."""
    return [row["id"] for row in await SQL.all(conn, "close", incident_id=incident_id, about=list(about))]


async def close_kinds(conn: Connection, incident_id: int, kinds: Sequence[str]) -> list[int]:
    """As `close`, for all whose `about` starts with one of these words."""
    return [row["id"] for row in await SQL.all(conn, "close_kinds", incident_id=incident_id, kinds=list(kinds))]
