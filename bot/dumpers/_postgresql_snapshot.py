"""One instant of a PostgreSQL database: exported for a dump, and counted meanwhile by whoever exported it."""

import asyncio
from contextlib import suppress

import psycopg
from psycopg import AsyncConnection

from bot.domain.errors import Failed
from bot.domain.saying import fit_to_show
from bot.dumpers import Tally
from bot.dumpers._postgresql import connect
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup

SQL = Statements(__file__)

SAME_INSTANT = "counted at the very instant that was dumped"


class Snapshot:
    """`id` is for `pg_dump --snapshot`; None: this server gives none away, and nothing is counted.

    The counts go into the tally. What hinders the counting never hinders the dump: the tally says so instead.
    """

    def __init__(self, backup: PostgresqlBackup, tally: Tally, conn: AsyncConnection) -> None:
        self._backup = backup
        self._tally = tally
        self._conn = conn
        self._tables: list[tuple[str, str]] = []
        self._counting: asyncio.Task[None] | None = None
        self.id: str | None = None

    @classmethod
    async def taken(cls, backup: PostgresqlBackup, tally: Tally) -> "Snapshot":
        """Raises Unreachable."""
        snapshot = cls(backup, tally, await connect(backup))
        try:
            await snapshot._export()
        except psycopg.Error as error:
            snapshot.id = None
            snapshot._not_counted(error)
        except BaseException:
            await snapshot.close()
            raise
        return snapshot

    def count(self) -> None:
        """Begin to count, once: only when the dump has its locks, so that it never waits for ours."""
        if self.id and self._counting is None:
            self._counting = asyncio.create_task(self._count(), name=f"count {self._backup.key}")

    async def counted(self) -> None:
        """Until all is counted, or it is known that it cannot be."""
        if self._counting:
            await self._counting

    async def close(self) -> None:
        if self._counting and not self._counting.done():
            self._counting.cancel()
            await asyncio.wait([self._counting])
        with suppress(psycopg.Error):
            await self._conn.close()

    async def _export(self) -> None:
        for name in ("begin", "patience"):
            await self._conn.execute(SQL(name))
        self._tables = await (await self._conn.execute(SQL("tables"))).fetchall()
        self._tally.tables = len(self._tables)
        row = await (await self._conn.execute(SQL("export"))).fetchone()
        self.id = row[0] if row else None

    async def _count(self) -> None:
        try:
            counts = [(f"{schema}.{table}", await self._rows(schema, table)) for schema, table in self._tables]
        except (psycopg.Error, Failed, OSError) as error:
            self._not_counted(error)
        else:
            self._tally.counts, self._tally.counted = dict(counts), SAME_INSTANT

    async def _rows(self, schema: str, table: str) -> int:
        row = await (await self._conn.execute(SQL("count", schema=schema, table=table))).fetchone()
        assert row
        return int(row[0])

    def _not_counted(self, error: Exception) -> None:
        why = fit_to_show(str(error), self._backup.target.redactions())
        self._tally.counts, self._tally.counted = None, f"not counted: {why}"
