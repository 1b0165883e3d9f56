"""The databases of the sandbox, new at every start: the bot's own, and an example that is watched and backed up."""

from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def own_database(conninfo: str) -> str:
    """An empty database for the bot; what a newcomer tried yesterday does not page anybody today. Returns its URL."""
    async with await _connected(conninfo) as conn:
        await SQL.run(conn, "drop_own")
        await SQL.run(conn, "create_own")
    return _url(conninfo, "sandbox")


async def orders_database(conninfo: str) -> str:
    """A few orders of a small shop. Returns its URL."""
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
    """A connection string over a unix socket, written as settings and runbooks want it."""
    parts = conninfo_to_dict(conninfo)
    host = quote(str(parts["host"]), safe="")
    return f"postgresql://{parts['user']}@/{database}?host={host}&port={parts.get('port', 5432)}"
