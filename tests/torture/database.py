"""Database faults in a torture run: down, read-only, hanging, or with its clock set."""

import asyncio
import time
from contextlib import suppress

from psycopg import AsyncConnection, OperationalError, sql

from tests.torture.plan import Event
from tests.torture.scene import Run

# An explicit transaction overrides the read-only default it sets.
ANYHOW = "-c default_transaction_read_only=off -c synchronous_commit=off"
LOCKED = ("outbox", "requests", "escalations", "pages")


class BrokenDatabase:
    """A database with one fault at a time; another one waits."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._is_busy = asyncio.Lock()

    async def break_down(self, event: Event) -> None:
        async with self._is_busy:
            self._run.counts["database stopped" if event.what == "stop" else "database crashed"] += 1
            began = time.monotonic()
            await (self._run.server.crash() if event.what == "crash" else self._run.server.stop())
            await asyncio.sleep(event.for_s)
            await self._run.server.start()
            self._run.away_s += time.monotonic() - began

    async def hold_up(self, event: Event) -> None:
        async with self._is_busy:
            self._run.counts[f"database {event.what}"] += 1
            began = time.monotonic()
            match event.what:
                case "read-only":
                    await self._with_setting("default_transaction_read_only", "on", event.for_s)
                case "commits hang":
                    # Every commit waits for a nonexistent standby, yet takes effect in the end.
                    await self._with_setting("synchronous_standby_names", "nobody", event.for_s)
                case "locked":
                    await self._lock(LOCKED[int(event.for_s * 10) % len(LOCKED)], event.for_s)
            self._run.away_s += time.monotonic() - began

    async def set_clock(self, event: Event) -> None:
        async with self._is_busy:
            self._run.counts["database's clock set"] += 1
            self._run.stepped_by_s = max(self._run.stepped_by_s, abs(float(event.what)))
            await self._tell_time(float(event.what))
            await asyncio.sleep(event.for_s)
            await self._tell_time(0.0)

    async def _with_setting(self, name: str, value: str, for_s: float) -> None:
        async with await self._connected() as conn:
            try:
                await conn.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
                await conn.execute("SELECT pg_reload_conf()")
                await asyncio.sleep(for_s)
            finally:
                await conn.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
                await conn.execute("SELECT pg_reload_conf()")

    async def _lock(self, table: str, for_s: float) -> None:
        # The bot terminates sessions that block others, which ends the fault sooner.
        with suppress(OperationalError):
            async with await self._connected() as conn, conn.transaction():
                lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table))
                await conn.execute(lock)
                await asyncio.sleep(for_s)

    async def _tell_time(self, wrong_by_s: float) -> None:
        """Sets the clock the bot's statements read through `the_time()`."""
        async with await self._connected() as conn:
            body = f"SELECT statement_timestamp() + interval '{wrong_by_s} s'"
            create = "CREATE OR REPLACE FUNCTION the_time() RETURNS timestamptz LANGUAGE sql STABLE AS {}"
            await conn.execute(sql.SQL(create).format(body))

    async def _connected(self) -> AsyncConnection:
        return await AsyncConnection.connect(self._run.server.url, autocommit=True, options=ANYHOW)
