"""Fixtures for all tests: a database of their own, and a world."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import hypothesis
import pytest
from hypothesis import HealthCheck
from psycopg.conninfo import conninfo_to_dict

from bot.garbage import keep_what_is_there
from bot.store.migrations import migrate
from tests.kept import Stock
from tests.mongodb import mongodb_on
from tests.postgres import SharedPostgres, shared_postgres
from tests.times import Meter
from tests.world import World, living

# The SDK uses the environment's proxy even for this machine.
for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
    os.environ.pop(name, None)

# A slow machine must not fail a test.
hypothesis.settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("unhurried")

# Tests with expiring leases, outages, and programs that are started and stopped.
IN_REAL_TIME = (
    "tests/torture/",
    "tests/stories/upkeep/test_crashes.py",
    "tests/stories/upkeep/test_replicas.py",
    "tests/stories/upkeep/test_outages.py",
    "tests/stories/upkeep/test_database_away.py",
    "tests/stories/upkeep/test_upgrades.py",
    "tests/stories/upkeep/test_pooler.py",
    "tests/stories/telephone/test_telephone_crashes.py",
    "tests/stories/updates/test_mail_crashes.py",
    "tests/stories/backups/test_own_database.py",
    "tests/stories/paging/test_test_pages.py",
    "tests/test_cli.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", action="store_true", help="show where the time went, see docs/testing.md")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("times"):
        config.pluginmanager.register(Meter())


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers mostly wait for PostgreSQL, programs and time-outs, so it takes this many to keep the CPUs busy."""
    return 3 * max(2, os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start each worker with its share of the real-time tests; at the end, all other workers would wait for them."""
    slow = [item for item in items if item.nodeid.startswith(IN_REAL_TIME)]
    quick = [item for item in items if not item.nodeid.startswith(IN_REAL_TIME)]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = shared_out(slow, quick, workers)


def shared_out(first: list[pytest.Item], rest: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """xdist splits the list into one part per worker, all of about the same length: start every part with some of
    `first`."""
    left, shared = iter(rest), list[pytest.Item]()
    many = len(first) + len(rest)
    for worker in range(workers):
        size = (many - len(shared)) // (workers - worker)
        own = first[worker::workers]
        shared += [*own, *islice(left, max(0, size - len(own)))]
    return [*shared, *left]


def pytest_collection_finish() -> None:
    """Exclude everything imported from garbage collection."""
    gc.collect()
    keep_what_is_there()


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[SharedPostgres]:
    """The server shared by the whole test run."""
    with shared_postgres(testrun_uid) as server:
        yield server


@pytest.fixture(scope="session")
def stock(postgres: SharedPostgres) -> Iterator[Stock]:
    """The pool of this worker's databases, which worlds reuse."""
    stock = Stock(postgres)
    yield stock
    asyncio.run(stock.close())


@pytest.fixture
async def database(request: pytest.FixtureRequest, postgres: SharedPostgres, stock: Stock) -> AsyncIterator[str]:
    """A database for this test alone, with the schema and no data.

    It is reused by other tests, unless the test does more with it than running worlds on it.
    """
    template = await postgres.template("migrated", migrate)
    if lives_in_worlds(request.node):
        kept = await stock.take(template)
        yield as_url(kept.conninfo)
        await stock.give_back(kept)
        return
    conninfo = await postgres.new_database(template)
    yield as_url(conninfo)
    await postgres.drop_database(conninfo)


def lives_in_worlds(test: pytest.Function) -> bool:
    asked = set(test._fixtureinfo.initialnames)
    return bool(asked & {"world", "new_world"}) and "database" not in asked


@pytest.fixture(scope="session")
def mongodb(postgres: SharedPostgres) -> Iterator[str]:
    """The address of a server that speaks MongoDB's protocol; each test adds a database name of its own."""
    with mongodb_on(asyncio.run(postgres.new_database())) as address:
        yield address


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A team with its bot over Socket Mode, on an empty database."""
    async with living(database, tmp_path) as world:
        yield world


@pytest.fixture
def new_world(database: str, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[World]]:
    """`async with new_world(runbook=…, transport="http") as world`: a world with other options."""
    return partial(living, database, tmp_path)


def as_url(conninfo: str) -> str:
    """In the form of DATABASE_URL."""
    parts = conninfo_to_dict(conninfo)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}"
