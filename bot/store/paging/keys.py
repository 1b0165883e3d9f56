"""Secrets of our own, shared by all processes on this database; each is made when first needed."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

LENGTH = 32


@dataclass(frozen=True)
class Key:
    """A key, and its predecessor while that is still valid."""

    secret: bytes = field(repr=False)
    made_at: datetime
    former: bytes | None = field(repr=False)
    former_until: datetime | None

    def that_count(self, now: datetime) -> list[bytes]:
        """The valid keys, one or two, the current one first."""
        counts = self.former is not None and self.former_until is not None and now < self.former_until
        return [self.secret, self.former] if counts and self.former is not None else [self.secret]


async def get(conn: Connection, name: str, now: datetime) -> Key:
    """The key of this name, the same for all processes. When several need it first, one of them makes it."""
    if (row := await SQL.one(conn, "get", name=name)) is None:
        await SQL.run(conn, "make", name=name, secret=secrets.token_bytes(LENGTH), now=now)
        row = await SQL.the(conn, "get", name=name)
    former = row["former"]
    return Key(bytes(row["secret"]), row["made_at"], None if former is None else bytes(former), row["former_until"])


async def rotate(conn: Connection, name: str, now: datetime, *, former_until: datetime | None) -> None:
    """Replace the key. `former_until` None: the old one becomes invalid now."""
    await SQL.run(conn, "rotate", name=name, secret=secrets.token_bytes(LENGTH), now=now, former_until=former_until)
