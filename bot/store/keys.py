"""Secrets of our own, shared by every process on this database: each is made when somebody first needs it."""

import secrets
from datetime import datetime

from bot.store.queries import Connection, Queries

SQL = Queries(__file__)

LENGTH = 32


async def get(conn: Connection, name: str, now: datetime) -> bytes:
    """The key of this name, the same for everybody. Of several processes that need it first, one makes it."""
    await SQL.run(conn, "make", name=name, secret=secrets.token_bytes(LENGTH), now=now)
    return bytes((await SQL.the(conn, "get", name=name))["secret"])
