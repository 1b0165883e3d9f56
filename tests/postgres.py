"""One PostgreSQL for a whole test run, shared by its workers, with fresh databases in it.

In conftest.py:

    @pytest.fixture(scope="session")
    def postgres(testrun_uid: str) -> Iterator[SharedPostgres]:      # testrun_uid comes with pytest-xdist
        with shared_postgres(testrun_uid) as server:
            yield server

    @pytest.fixture
    async def database_url(postgres: SharedPostgres) -> AsyncIterator[str]:
        url = await postgres.new_database(await postgres.template("migrated", migrate))
        yield url
        await postgres.drop_database(url)
"""

import asyncio
import fcntl
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from uuid import uuid4

from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from bot.store.embedded import throwaway
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.embedded.throwaway import quickest_place

# A test with several replicas opens many connections.
SETTINGS: Mapping[str, str] = {
    **throwaway.SETTINGS,
    "max_connections": "500",
    # Room for the catalogues of one database per worker.
    "shared_buffers": "128MB",
    "max_prepared_transactions": "10",
}


@dataclass(frozen=True)
class SharedPostgres:
    """A running server; `url` leads to a database used only for creating others.

    The one connection to it stays open between tests, since connecting costs as much as dropping a database.
    """

    url: str
    filled: set[str] = field(default_factory=set)

    @cached_property
    def entrance(self) -> Connection:
        return Connection.connect(self.url, autocommit=True)

    async def new_database(self, template: str | None = None) -> str:
        """Create a database with a unique name, from the template or empty; returns its connection string."""
        name = f"test_{uuid4().hex}"
        # Without syncing, copying files takes half the time of copying through the log.
        create = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self.entrance.execute(create.format(Identifier(name), Identifier(template or "template0")))
        return make_conninfo(self.url, dbname=name)

    async def drop_database(self, url: str) -> None:
        """Drop the database, and whatever is still connected to it."""
        name = str(conninfo_to_dict(url)["dbname"])
        self.entrance.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    async def template(self, name: str, fill: Callable[[str], Awaitable[object]]) -> str:
        """Run `fill(url)` once per test run, in whichever worker comes first; returns the template's name.

        `fill` must close its connections: a database in use can't be copied.
        """
        if name in self.filled:
            return name
        async with await AsyncConnection.connect(self.url, autocommit=True) as conn:
            await conn.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            ready = await conn.execute("SELECT FROM pg_database WHERE datname = %s AND datistemplate", [name])
            if not ready.rowcount:
                await conn.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
                await conn.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
                await fill(make_conninfo(self.url, dbname=name))
                await conn.execute(SQL("ALTER DATABASE {} IS_TEMPLATE true").format(Identifier(name)))
        self.filled.add(name)
        return name

    def close(self) -> None:
        self.entrance.close()


@contextmanager
def shared_postgres(run: str) -> Iterator[SharedPostgres]:
    """The server of this test run: the first worker to ask starts it, and stops it when all others are done.

    `run` identifies the run and is the same in all its workers. The files aren't below pytest's own directories,
    because if the tests run as root, the server's account can't enter those.
    """
    home = quickest_place() / f"tocsin-tests-{run}"
    home.mkdir(exist_ok=True)
    with (home / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        server = EmbeddedPostgres(home, settings=SETTINGS)
        try:
            shared = SharedPostgres(asyncio.run(server.start()))
            try:
                yield shared
            finally:
                shared.close()
        finally:
            if server.runs_here:
                fcntl.flock(users, fcntl.LOCK_EX)
                asyncio.run(server.stop())
                shutil.rmtree(home)
