"""Databases and lines to them that outlive a world: the next one finds both as if they had been made for it.

To make a database takes PostgreSQL as long as a short story does, and each new line reads the catalogue and plans every
statement again. A database that was used is emptied, unless something has become of it that emptying does not undo:
then it is thrown away, as all are after some worlds, before what was deleted in them slows anybody down.
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

# What is deleted stays in the files, and the indexes.
MOST_USES = 25
# Whoever is still connected ends within that.
END_WITHIN_MS = 5_000
# For what is idle.
AT_ONCE_S = 1.0

# What emptying does not undo: another database of this name, its schema, settings, the ledger of migrations. A change
# of a row of the catalogue gives it another `xmin`.
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
    """A database that is empty between two worlds. `hand`: a line for nothing but emptying it."""

    conninfo: str
    hand: Connection[Any]
    as_new: tuple[Any, ...]
    uses: int = 0

    def is_emptied(self) -> bool:
        """Unless something has become of it. Then nobody may use it any more."""
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
    """The databases of a worker that are empty; mostly one."""

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


# Lines


class KeptLine(PooledConnection):
    """One that the pool of an earlier world has opened, where there is one; what it has prepared is prepared."""

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
        """In the loop of another test."""
        self.lock = asyncio.Lock()
        self.opened_at = asyncio.get_running_loop().time()
        self.reset_pending()


class KeptDatabase(Database):
    """Its pools are the bot's own; at its end what is idle in them is kept for the next, where the database is."""

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
    """Of this worker, to each database that is kept. What leads there through something else is none of them."""
    return {}


def _place(conninfo: str) -> tuple[object, ...]:
    parts = conninfo_to_dict(conninfo)
    return tuple(parts.get(name) for name in ("host", "user", "dbname"))


def taken(conninfo: str) -> Iterator[Any]:
    lines = _lines().get(_place(conninfo), [])
    while lines:
        yield lines.pop()
