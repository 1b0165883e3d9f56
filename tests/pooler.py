"""A real connection pooler in front of the database: pgbouncer, in any of its modes, on a port of its own."""

import asyncio
import os
import re
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
ANSWERS_WITHIN_S = 60.0
CONFIGURATION = """\
[databases]
{name} = host={host} dbname={name} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {sessions}
query_wait_timeout = {waits_s}
{account}
"""

needs_a_pooler = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"), reason="pgbouncer is not installed here: .ci/run installs it"
)


class Pooler:
    """`url` leads to the database through the pooler."""

    def __init__(self, url: str, configuration: Path, process: asyncio.subprocess.Process) -> None:
        self.url = url
        self._configuration = configuration
        self._process = process

    async def changes_to(self, mode: str) -> None:
        """Change the pool mode under a running bot, as an operator might."""
        words = re.sub("pool_mode = .*", f"pool_mode = {mode}", self._configuration.read_text())
        self._configuration.write_text(words)
        self._process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def pooled(database: str, mode: str, *, sessions: int = 40, waits_s: int = 120) -> AsyncIterator[Pooler]:
    """The database through a pooler. `mode`: pgbouncer's pool mode; `sessions`: the pool size; a client that gets no
    session is disconnected after `waits_s`."""
    assert PROGRAM, "pgbouncer is not installed"
    folder = _folder()
    parts = urlsplit(database)
    place = parse_qs(parts.query)["host"][0]
    port, name = _free_port(), parts.path.lstrip("/")
    words = CONFIGURATION.format(
        name=name,
        host=place,
        user=parts.username,
        port=port,
        mode=mode,
        sessions=sessions,
        waits_s=waits_s,
        account=_account(place),
    )
    (folder / "pgbouncer.ini").write_text(words)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, str(folder / "pgbouncer.ini"), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        await _until_it_listens(process, port, folder / "log")
        url = f"postgresql://{parts.username}@127.0.0.1:{port}/{name}"
        yield Pooler(url, folder / "pgbouncer.ini", process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        shutil.rmtree(folder)


def _folder() -> Path:
    """A folder that pgbouncer's account can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pooler-"))
    folder.chmod(0o755)
    return folder


def _account(place: str) -> str:
    """pgbouncer refuses to run as root, and only the server's own account can reach the server's socket."""
    return f"user = {Path(place).owner()}" if os.geteuid() == 0 else ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def _until_it_listens(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        while True:
            assert process.returncode is None, f"it ended: see {log}"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
