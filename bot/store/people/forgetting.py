"""One person's data in every table: finds it, counts it, and removes it part by part."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.people.identity import Identity
from bot.store.database import Database
from bot.store.people.personal_data import HELD, OWN
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)

# Blocks of 8 kB: locks about a thousand rows at a time, briefly. With four times as many a busy server may exceed the
# statement time-out.
BLOCKS = 16
STATEMENTS: Mapping[str, str] = {
    "timeline": "own_timeline",
    "maintenance_entries": "own_maintenance_entries",
    "outbox": "own_outbox",
    "cards": "own_cards",
    "requests": "own_requests",
    "identities": "own_identities",
    "stopped_numbers": "own_stopped_numbers",
    "shift_reminders": "own_shift_reminders",
    "home_viewers": "own_home_viewers",
}
# Keys in these tables are made of words, and one of those may be the person's key in the runbook.
WORDED = ("timeline", "maintenance_entries", "outbox")
# Includes rows that concurrent updates have moved to the end of the table.
LAST_BLOCK = 2**32 - 1


@dataclass(frozen=True)
class OpenWork:
    """Work somebody still has to do: an action, a task or the post-mortem of this incident."""

    what: str
    incident_id: int


@dataclass(frozen=True)
class Part:
    """Some blocks of a table. `own`: its columns are changed by a statement of their own."""

    group: str
    table: str
    columns: Sequence[str]
    first: int
    last: int
    own: bool

    def values(self, identity: Identity) -> dict[str, Any]:
        pattern = identity.in_keys if self.own and self.table in WORDED else identity.pattern
        found = {"words": identity.words, "pattern": pattern, "quoted": identity.quoted}
        return found | {"held": self.table, "columns": list(self.columns), "first": self.first, "last": self.last}


async def known(conn: Connection) -> list[Identity]:
    """Everybody in the directory and the ladders; one person may appear several times."""
    return [_of(row) for row in await SQL.all(conn, "known")]


async def reached_at(conn: Connection, names: Sequence[str]) -> Identity:
    """The contacts that pages to somebody of these names went to."""
    rows = await SQL.all(conn, "contacts", names=names)
    by_way = {way: frozenset(row["contact"] for row in rows if row["via"] == way) for way in _ways(rows)}
    messages = await SQL.all(conn, "direct_messages", names=names)
    return Identity(
        accounts=by_way.get("slack", frozenset()),
        addresses=by_way.get("email", frozenset()),
        phones=by_way.get("sms", frozenset()) | by_way.get("voice", frozenset()),
        places=by_way.get("webhook", frozenset()) | frozenset(row["channel"] for row in messages),
    )


async def open_incidents(conn: Connection, names: Sequence[str]) -> list[int]:
    """Those in which they take part."""
    return [row["id"] for row in await SQL.all(conn, "open_incidents", names=names)]


async def waiting_pages(conn: Connection, names: Sequence[str]) -> list[int]:
    """The incidents for which they are being paged."""
    return [row["id"] for row in await SQL.all(conn, "waiting_pages", names=names)]


async def covers_to_come(conn: Connection, names: Sequence[str], now: datetime) -> list[Row]:
    """`schedule` and `ends_at` of their current and future covers."""
    return await SQL.all(conn, "covers_to_come", names=names, now=now)


async def open_work(conn: Connection, names: Sequence[str]) -> list[OpenWork]:
    return [OpenWork(row["what"], row["id"]) for row in await SQL.all(conn, "open_work", names=names)]


async def begin(conn: Connection, identity: Identity, now: datetime) -> tuple[int, Identity]:
    """The number that replaces them, and everything that identifies them, joined with an earlier attempt that was
    interrupted."""
    await SQL.run(conn, "one_at_a_time")
    for row in await SQL.all(conn, "unfinished"):
        before = _read(row["identity"])
        if identity.shares_with(before):
            both = identity.joined(before)
            await SQL.run(conn, "keep_identity", number=row["number"], identity=_kept(both))
            return row["number"], both
    begun = await SQL.the(conn, "begin", identity=_kept(identity), now=now)
    return begun["number"], identity


async def unfinished(conn: Connection) -> list[Identity]:
    """People whose removal has not finished."""
    return [_read(row["identity"]) for row in await SQL.all(conn, "unfinished")]


async def end(conn: Connection, number: int, now: datetime) -> None:
    """Done: delete what identified them."""
    await SQL.run(conn, "end", number=number, now=now)


async def parts(db: Database) -> AsyncIterator[Part]:
    """Every table that may name a person, a few blocks at a time."""
    for own, held in ((False, HELD), (True, OWN)):
        for group, table, columns in _tables(held):
            async with db.statement() as conn:
                blocks = (await SQL.the(conn, "blocks", held=table))["blocks"]
            for first in range(0, max(blocks, 1), BLOCKS):
                is_last = first + BLOCKS >= blocks
                yield Part(group, table, columns, first, LAST_BLOCK if is_last else first + BLOCKS, own)


async def count(conn: Connection, part: Part, identity: Identity) -> int:
    """How many of its rows name them."""
    return int((await SQL.the(conn, "count", **part.values(identity)))["count"])


async def prepare(conn: Connection, identity: Identity, former: str) -> None:
    """Remove what would break once one name replaces all of theirs."""
    names = sorted(identity.keys | identity.accounts)
    await SQL.run(conn, "ladders", names=names, former=former)
    await SQL.run(conn, "members", names=names)
    await SQL.run(conn, "drafts", names=names)


async def forget(conn: Connection, part: Part, identity: Identity, former: str) -> int:
    """Remove them from this part; returns the number of rows changed."""
    values = part.values(identity) | {"former": former}
    if not part.own:
        return int((await SQL.the(conn, "forget", **values))["count"])
    values |= {"first": f"({part.first},0)", "last": f"({part.last},0)"}
    return await SQL.run(conn, STATEMENTS[part.table], **values)


def _tables(held: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, str, Sequence[str]]]:
    return ((group, table, columns) for group, tables in held.items() for table, columns in tables.items())


def _ways(rows: Iterable[Row]) -> set[str]:
    return {row["via"] for row in rows}


def _of(row: Row) -> Identity:
    # People without a name are called by their key, which is an ordinary word.
    given = {name: frozenset({value}) for name, value in row.items() if value and (name, value) != ("name", row["key"])}
    return Identity(
        keys=given["key"],
        names=given.get("name", frozenset()),
        addresses=given.get("email", frozenset()),
        phones=given.get("phone", frozenset()),
        accounts=given.get("slack", frozenset()),
        places=given.get("webhook", frozenset()),
    )


def _kept(identity: Identity) -> Jsonb:
    return Jsonb({field.name: sorted(getattr(identity, field.name)) for field in fields(Identity)})


def _read(kept: Mapping[str, list[str]]) -> Identity:
    return Identity(**{name: frozenset(found) for name, found in kept.items()})
