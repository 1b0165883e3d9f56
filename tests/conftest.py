"""What every test may ask for: a database of its own, and a world."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.world import World, living

# The SDK applies a proxy of the environment even to this machine.
for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
    os.environ.pop(name, None)


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A team with its bot over Socket Mode, on an empty database."""
    async with living(database, tmp_path) as world:
        yield world


@pytest.fixture
def new_world(database: str, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[World]]:
    """`async with new_world(runbook=…, transport="http") as world`: a world of another kind."""
    return partial(living, database, tmp_path)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[str]:
    from bot.store.embedded import EmbeddedPostgres
    server = EmbeddedPostgres(tmp_path / "pg", settings={"fsync": "off"})
    from urllib.parse import quote
    from psycopg.conninfo import conninfo_to_dict
    info = conninfo_to_dict(await server.start())
    yield f"postgresql://postgres@/postgres?host={quote(str(info['host']), safe='')}"
    await server.stop()
