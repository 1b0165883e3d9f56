"""The sandbox's databases, created anew at every start: the bot's own, and an example that is watched and backed up."""

from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def own_database(conninfo: str) -> str:
    """Create an empty database for the bot, so that yesterday's experiments page nobody today. Returns its URL."""
    async with await _connected(conninfo) as conn:
        await SQL.run(conn, "drop_own")
        await SQL.run(conn, "create_own")
    return _url(conninfo, "sandbox")


async def orders_database(conninfo: str) -> str:
    """Create a small shop's database with a few orders. Returns its URL."""
    async with await _connected(conninfo) as conn:
        await SQL.run(conn, "drop_orders")
        await SQL.run(conn, "create_orders")
    async with await _connected(make_conninfo(conninfo, dbname="orders")) as conn:
        await SQL.run(conn, "create_table")
        await SQL.run(conn, "fill_table")
    return _url(conninfo, "orders")


async def _connected(conninfo: str) -> Connection:
    return await Connection.connect(conninfo, autocommit=True, row_factory=dict_row)


def _url(conninfo: str, database: str) -> str:
    """A connection URL over a Unix socket, in the form that settings and runbooks take."""
    parts = conninfo_to_dict(conninfo)
    host = quote(str(parts["host"]), safe="")
    return f"postgresql://{parts['user']}@/{database}?host={host}&port={parts.get('port', 5432)}"
