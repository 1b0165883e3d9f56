"""What a database says of itself to somebody who asks once: its version, and what its schema lacks."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from bot.domain.errors import Unreachable
from bot.store import database, dues, migrations, requests, telephone
from bot.store.queries import Connection, Queries
from bot.store.requests import SetAside

SQL = Queries(__file__)

CONNECT_TIMEOUT_S = 5
KEEPS_STOPPED = "0006_telephone"
SETS_ASIDE = "0020_set_aside"


@dataclass(frozen=True)
class Inspection:
    """`missing`: migrations of this version that have not been applied; `unknown`: applied ones of a newer version.

    `stopped`: telephone numbers that want no more texts. `now`: its time. `running`: the processes of the bot.
    `set_aside`: requests that ended whoever worked on them. `read_only`: it takes no changes.
    """

    version: str
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    stopped: frozenset[str]
    now: datetime
    running: tuple[str, ...]
    set_aside: tuple[SetAside, ...] = ()
    read_only: bool = False


async def inspect(url: str) -> Inspection:
    """Over a connection of its own, changing nothing. Raises Unreachable with the server's reason."""
    try:
        conn = await Connection.connect(make_conninfo(url, connect_timeout=CONNECT_TIMEOUT_S), row_factory=dict_row)
    except psycopg.ProgrammingError as error:
        # Not quoted: what cannot be read may be the password.
        raise Unreachable("database: its address cannot be read") from error
    except psycopg.OperationalError as error:
        raise Unreachable(f"database: {str(error).strip().splitlines()[0]}") from error
    async with conn:
        return await _look(conn)


async def _look(conn: Connection) -> Inspection:
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
        running=tuple(await dues.listening(conn)),
        set_aside=tuple(await requests.all_set_aside(conn)) if SETS_ASIDE in applied else (),
        read_only=server["read_only"],
    )
