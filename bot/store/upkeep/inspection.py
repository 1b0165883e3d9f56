"""A one-off look at a database for a command: its version, and what its schema lacks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.errors import Unreachable
from bot.domain.paging.confirmation import Asked
from bot.store import database, migrations, requests
from bot.store.connections import connected, must_be_sessions
from bot.store.paging import confirmations
from bot.store.people import directory
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.requests import SetAside
from bot.store.rooms import closures
from bot.store.telephone import telephone
from bot.store.updates import status_pages
from bot.store.updates.status_pages import PageRow
from bot.store.upkeep import backlog

SQL = Queries(__file__)

KEEPS_STOPPED = "0006_telephone"
SETS_ASIDE = "0020_set_aside"
KNOWS_CLOSED = "0027_closed_rooms"
KNOWS_MISSING = "0043_missing_channels"
ASKS = "0035_names"
KNOWS_PAGES = "0040_status_pages"


@dataclass(frozen=True)
class Inspection:
    """`missing`: migrations of this version not applied yet; `unknown`: applied ones of a newer version.

    `stopped`: telephone numbers that have opted out of texts. `now`: the database's time. `running`: the bot's
    processes. `set_aside`: requests not retried because processes died working on them. `read_only`: it takes no
    changes. `closed`: channels that take no messages, by name, with the reason. `channels`: Slack's ids of the
    runbook's channels, by name without '#'; `channels_missing`: why one can't be used under its name. `pooled`: behind
    a pooler in transaction mode. `failing_pages`: status pages whose files could not be written last time. `asked`:
    confirmations of contacts.
    """

    version: str
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    stopped: frozenset[str]
    now: datetime
    running: tuple[str, ...]
    set_aside: tuple[SetAside, ...] = ()
    read_only: bool = False
    pooled: bool = False
    closed: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    channels_missing: Mapping[str, str] = field(default_factory=dict)
    failing_pages: tuple[PageRow, ...] = ()
    asked: tuple[Asked, ...] = ()


async def inspect(url: str) -> Inspection:
    """Uses its own connections and changes nothing. Raises Unreachable with the server's reason."""
    async with connected(url) as one, connected(url) as other:
        pooled = await _is_pooled(one, other)
        return await _look(one, pooled=pooled)


async def _is_pooled(one: Connection, other: Connection) -> bool:
    try:
        await must_be_sessions(one, other)
    except Unreachable:
        return True
    return False


async def _look(conn: Connection, *, pooled: bool) -> Inspection:
    server = await database.SQL.the(conn, "server_time")
    kept = (await SQL.the(conn, "ledger"))["kept"]
    applied = {str(row["name"]) for row in await migrations.SQL.all(conn, "applied")} if kept else set()
    shipped = [name for name, _ in migrations.shipped()]
    missing = tuple(name for name in shipped if name not in applied)
    stopped = await telephone.stopped(conn) if KEEPS_STOPPED in applied else []
    return Inspection(
        version=server["version"],
        missing=missing,
        unknown=tuple(sorted(applied.difference(shipped))),
        stopped=frozenset(stopped),
        now=server["now"],
        running=tuple(await backlog.listening(conn)),
        set_aside=tuple(await requests.all_set_aside(conn)) if SETS_ASIDE in applied else (),
        read_only=server["read_only"],
        pooled=pooled,
        closed=await closures.closed(conn) if KNOWS_CLOSED in applied else {},
        channels=await directory.channels(conn) if applied else {},
        channels_missing=await directory.missing(conn) if KNOWS_MISSING in applied else {},
        failing_pages=tuple(await status_pages.failing(conn)) if KNOWS_PAGES in applied else (),
        asked=tuple(await confirmations.latest(conn)) if ASKS in applied else (),
    )
