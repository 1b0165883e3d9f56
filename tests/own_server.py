"""A PostgreSQL that a story has for itself, so that it can be stopped, crash, and come back."""

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

# Nothing has to survive a lost power supply; but a server that crashes must lose nothing that it said it has.
SETTINGS = {"fsync": "off", "max_connections": "200", "track_commit_timestamp": "on"}


class OwnServer:
    """It is always at the same address, `url`."""

    url: str

    def __init__(self, home: Path) -> None:
        self._home = home
        self._server = EmbeddedPostgres(home, settings=SETTINGS)

    async def start(self) -> None:
        self.url = as_url(await self._server.start())

    async def stop(self) -> None:
        """Everybody is disconnected, and nobody gets in any more."""
        await self._server.stop()

    async def crash(self) -> None:
        """As after a fault of its own: it ends without a word, and recovers when it is started again."""
        os.kill(self._pid, signal.SIGQUIT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its lines stay, and nothing comes on them."""
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
    # Not below pytest's own directories: those are closed to the account that the server runs as under root.
    home = quickest_place() / f"tocsin-server-{uuid4().hex[:12]}"
    home.mkdir()
    server = OwnServer(home)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(home, ignore_errors=True)
