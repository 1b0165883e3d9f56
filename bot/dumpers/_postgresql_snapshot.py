"""A snapshot of a PostgreSQL database: exported for a dump, whose rows are counted in it meanwhile."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import psycopg
from psycopg import AsyncConnection

from bot.domain.errors import Failed
from bot.domain.saying import fit_to_show, with_going
from bot.dumpers import Tally
from bot.dumpers._postgresql import connect, hang_up, hung_up_on
from bot.dumpers._postgresql_tables import Table, rows_of, tables_of
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup

SQL = Statements(__file__)

EXPORT_WITHIN_S = 60
# Limit per table. The server's own time-out comes some minutes earlier and lets it still answer.
COUNT_WITHIN_S = 2400

SAME_INSTANT = "counted at the very instant that was dumped"


class Snapshot:
    """`id` is for `pg_dump --snapshot`; None: this server can't export one, so nothing is counted.

    The counts go into the tally. If counting fails, the dump goes on, and the tally says why.
    """

    def __init__(self, backup: PostgresqlBackup, tally: Tally, conn: AsyncConnection) -> None:
        self._backup = backup
        self._tally = tally
        self._conn = conn
        self._tables: Sequence[Table] = []
        self._counting: asyncio.Task[None] | None = None
        self.id: str | None = None

    @classmethod
    async def taken(cls, backup: PostgresqlBackup, tally: Tally) -> "Snapshot":
        """Raises Unreachable."""
        snapshot = cls(backup, tally, await connect(backup))
        try:
            async with hung_up_on(snapshot._conn, EXPORT_WITHIN_S, "beginning to count"):
                await snapshot._export()
        except psycopg.Error as error:
            snapshot.id = None
            snapshot._not_counted(error)
        except BaseException:
            await snapshot.close()
            raise
        return snapshot

    @property
    def backend_pid(self) -> int:
        """The pid of the server process that holds the snapshot."""
        return self._conn.info.backend_pid

    def count(self) -> None:
        """Start counting, once. Call it only when the dump has its locks, so that it never waits for ours."""
        if self.id and self._counting is None:
            self._counting = asyncio.create_task(self._count(), name=f"count {self._backup.key}")

    async def counted(self) -> None:
        """Wait until everything is counted, or counting has failed."""
        if self._counting:
            await self._counting

    async def close(self) -> None:
        if self._counting and not self._counting.done():
            # Otherwise we'd wait for a hung server even now.
            hang_up(self._conn)
            self._counting.cancel()
            await asyncio.wait([self._counting])
        with suppress(psycopg.Error):
            await self._conn.close()

    async def _export(self) -> None:
        for name in ("begin", "statement_timeout"):
            await self._conn.execute(SQL(name))
        self._tables = await tables_of(self._conn)
        self._tally.tables = len(self._tables)
        row = await (await self._conn.execute(SQL("export"))).fetchone()
        self.id = (row[0].decode() if isinstance(row[0], bytes) else row[0]) if row else None

    async def _count(self) -> None:
        try:
            counts = {table.name: await self._rows(table) for table in self._tables}
        except (psycopg.Error, Failed, OSError) as error:
            self._not_counted(error)
        else:
            self._tally.counts, self._tally.counted = counts, SAME_INSTANT

    async def _rows(self, table: Table) -> int:
        async with hung_up_on(self._conn, COUNT_WITHIN_S, f"counting the rows of {table.name}"):
            return await rows_of(self._conn, table)

    def _not_counted(self, error: Exception) -> None:
        why = with_going(str(error), fit_to_show(str(error), self._backup.target.redactions()))
        self._tally.counts, self._tally.counted = None, f"not counted: {why}"
