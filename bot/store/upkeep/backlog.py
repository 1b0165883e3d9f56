"""The oldest due rows, and which process holds what, for everything that people wait for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# Prefixes of our application names, before the process's name.
OF_US = "tocsin "
LISTENER = "tocsin-bell "


@dataclass(frozen=True)
class Oldest:
    """When the oldest row of a kind is or was due. `kind`: escalations, requests, deadlines, inactivity, or a delivery
    kind."""

    kind: str
    is_outbox: bool
    due_at: datetime


async def oldest(conn: Connection) -> list[Oldest]:
    """A delivery behind another in its lane doesn't count as due."""
    return [Oldest(**row) for row in await SQL.all(conn, "oldest")]


async def listening(conn: Connection) -> list[str]:
    """The processes listening for the bell: running bots, not commands from a shell."""
    return [row["process"] for row in await SQL.all(conn, "processes", prefix=LISTENER)]


async def in_hand(conn: Connection, now: datetime) -> dict[str, dict[str, int]]:
    """How many leases of each kind each process holds; connected processes without any are included."""
    held: dict[str, dict[str, int]] = {row["process"]: {} for row in await SQL.all(conn, "processes", prefix=OF_US)}
    for row in await SQL.all(conn, "leases", now=now):
        held.setdefault(row["holder"], {})[row["kind"]] = row["count"]
    return dict(sorted(held.items()))


Held = Mapping[str, Mapping[str, int]]
