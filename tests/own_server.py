"""A PostgreSQL for one test alone, so that it can be stopped, crash, and come back."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil

from bot.store.embedded.server import EmbeddedPostgres
from bot.store.embedded.throwaway import quickest_place
from tests.conftest import as_url

# Data needn't survive a power cut; but a crashing server must not lose what it has committed.
SETTINGS = {"fsync": "off", "max_connections": "200", "track_commit_timestamp": "on"}


class OwnServer:
    """Its address, `url`, never changes."""

    url: str

    def __init__(self, home: Path) -> None:
        self._home = home
        self._server = EmbeddedPostgres(home, settings=SETTINGS)

    async def start(self) -> None:
        self.url = as_url(await self._server.start())

    async def stop(self) -> None:
        """Shut down: everybody is disconnected, and nobody can connect."""
        await self._server.stop()

    async def crash(self) -> None:
        """Crash without warning; the server recovers when it is started again."""
        os.kill(self._pid, signal.SIGQUIT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend all its processes: connections stay open, but nothing is answered."""
        first = psutil.Process(self._pid)
        first.suspend()
        others = first.children()
        for one in others:
            one.suspend()
        try:
            yield
        finally:
            for one in (*others, first):
                with suppress(psutil.NoSuchProcess):
                    one.resume()

    @property
    def _pid(self) -> int:
        return int((self._home / "postgresql" / "data" / "postmaster.pid").read_text().split()[0])


@asynccontextmanager
async def own_server() -> AsyncIterator[OwnServer]:
    # Not below pytest's own directories: if the tests run as root, the server's account can't enter those.
    home = quickest_place() / f"tocsin-server-{uuid4().hex[:12]}"
    home.mkdir()
    server = OwnServer(home)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(home, ignore_errors=True)
