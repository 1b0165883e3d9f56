"""Databases and connections that outlive a world: the next one finds both as if they were new.

Creating a database takes PostgreSQL as long as a short test, and each new connection has to read the catalogue and plan
every statement again. After use, a database is emptied. It is discarded if something has changed that emptying doesn't
undo, or after a number of worlds, before dead rows slow it down.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from psycopg import Connection, Error
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg_pool import PoolTimeout

from bot.store.connections import PooledConnection
from bot.store.database import Database
from tests.postgres import SharedPostgres

# Deleted rows stay in the tables' files and indexes.
MOST_USES = 25
# The time for remaining connections to be terminated.
END_WITHIN_MS = 5_000
# For getting an idle connection from a pool.
AT_ONCE_S = 1.0

# A fingerprint of what emptying doesn't undo: another database of this name, its schema, settings and ledger of
# migrations. Any change to a catalogue row changes its `xmin`.
PRINT = """
SELECT d.oid, (SELECT count(*) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid), d.datallowconn, d.datconnlimit,
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_class WHERE oid >= 16384),
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_attribute WHERE attrelid >= 16384),
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_proc WHERE oid >= 16384),
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_trigger),
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_constraint),
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_index WHERE indrelid >= 16384),
    (SELECT count(*) FROM pg_extension), (SELECT count(*) FROM pg_namespace WHERE oid >= 16384),
    (SELECT (count(*), sum(xmin::text::bigint)) FROM migrations)
FROM pg_database d WHERE d.datname = current_database()
"""
OTHERS = """
SELECT bool_and(pg_terminate_backend(pid, %s)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)
"""
HELD = """
SELECT EXISTS (SELECT FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid <> pg_backend_pid())
    OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())
"""
EMPTY = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT oid::regclass AS name FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'
            AND pg_relation_size(oid) > 0
    LOOP EXECUTE 'DELETE FROM ' || one.name; END LOOP;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
END $$
"""


@dataclass
class Kept:
    """A database that is empty between two worlds. `hand`: a connection used only for emptying it."""

    conninfo: str
    hand: Connection[Any]
    as_new: tuple[Any, ...]
    uses: int = 0

    def is_emptied(self) -> bool:
        """Empty it for reuse. False if something has changed; then it must be discarded."""
        self.uses += 1
        if self.uses >= MOST_USES:
            return False
        try:
            pids = [line.pgconn.backend_pid for line in _lines()[_place(self.conninfo)]]
            (ended,) = self._the(OTHERS, [END_WITHIN_MS, pids])
            (held,) = self._the(HELD)
            if ended is False or held or self._the(PRINT) != self.as_new:
                return False
            self.hand.execute(EMPTY)
        except Error:
            return False
        return True

    def _the(self, question: str, values: list[Any] | None = None) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.hand.execute(question, values).fetchone()
        assert row
        return row


class Stock:
    """A worker's empty databases, usually one."""

    def __init__(self, postgres: SharedPostgres) -> None:
        self._postgres = postgres
        self._free: list[Kept] = []

    async def take(self, template: str) -> Kept:
        if self._free:
            return self._free.pop()
        conninfo = await self._postgres.new_database(template)
        hand = Connection.connect(conninfo, autocommit=True)
        row = hand.execute(PRINT).fetchone()
        assert row
        _lines()[_place(conninfo)] = []
        return Kept(conninfo, hand, row)

    async def give_back(self, one: Kept) -> None:
        if one.is_emptied():
            self._free.append(one)
        else:
            await self._throw_away(one)

    async def close(self) -> None:
        for one in self._free:
            await self._throw_away(one)

    async def _throw_away(self, one: Kept) -> None:
        one.hand.close()
        for line in taken(one.conninfo):
            await line.close()
        del _lines()[_place(one.conninfo)]
        await self._postgres.drop_database(one.conninfo)


# Connections


class KeptLine(PooledConnection):
    """A connection left over from an earlier world's pool, if there is one, with its prepared statements."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        for line in taken(conninfo):
            if isinstance(line, cls) and not line.is_lost():
                line.begin_anew()
                options["refused"](None)
                return line
            await line.close()
        return await super().connect(conninfo, **options)

    def is_lost(self) -> bool:
        return self.closed or self.pgconn.transaction_status != TransactionStatus.IDLE

    def begin_anew(self) -> None:
        """Attach it to another test's event loop."""
        self.lock = asyncio.Lock()
        self.opened_at = asyncio.get_running_loop().time()
        self.reset_pending()


class KeptDatabase(Database):
    """Has the bot's own pools; on closing, idle connections of kept databases are saved for the next world."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for pool in self._pools:
            pool.connection_class = KeptLine

    async def close(self) -> None:
        if (lines := _lines().get(_place(self.conninfo))) is not None:
            for pool in self._pools:
                with suppress(PoolTimeout):
                    for _ in range(0 if pool.closed else pool.get_stats()["pool_available"]):
                        line = await pool.getconn(timeout=AT_ONCE_S)
                        line._pool = None
                        lines.append(line)
        await super().close()


@cache
def _lines() -> dict[Any, list[Any]]:
    """This worker's saved connections, by kept database. Connections through something else, such as a pooler, aren't
    included."""
    return {}


def _place(conninfo: str) -> tuple[object, ...]:
    parts = conninfo_to_dict(conninfo)
    return tuple(parts.get(name) for name in ("host", "user", "dbname"))


def taken(conninfo: str) -> Iterator[Any]:
    lines = _lines().get(_place(conninfo), [])
    while lines:
        yield lines.pop()
