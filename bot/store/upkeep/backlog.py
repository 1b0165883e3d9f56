"""What has been due longest, and which process has what in hand; of all subjects with due rows that people wait for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# What `Database` calls its connections, before the name of the process.
OF_US = "tocsin "
LISTENER = "tocsin-bell "


@dataclass(frozen=True)
class Oldest:
    """Of a kind of due row, when the oldest is or was due. `kind`: escalations, requests, deadlines, inactivity, or of
    the outbox."""

    kind: str
    is_outbox: bool
    due_at: datetime


async def oldest(conn: Connection) -> list[Oldest]:
    """What waits behind another one in its lane is not due."""
    return [Oldest(**row) for row in await SQL.all(conn, "oldest")]


async def listening(conn: Connection) -> list[str]:
    """The processes that hear the bell: each is a bot that runs, and not a command somebody has typed."""
    return [row["process"] for row in await SQL.all(conn, "processes", prefix=LISTENER)]


async def in_hand(conn: Connection, now: datetime) -> dict[str, dict[str, int]]:
    """How many leases of each kind each process has; every process that is connected is there, if with nothing."""
    held: dict[str, dict[str, int]] = {row["process"]: {} for row in await SQL.all(conn, "processes", prefix=OF_US)}
    for row in await SQL.all(conn, "leases", now=now):
        held.setdefault(row["holder"], {})[row["kind"]] = row["count"]
    return dict(sorted(held.items()))


Held = Mapping[str, Mapping[str, int]]
