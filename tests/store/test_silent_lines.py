"""A server gone silently, as after a failover: connections stay open, and nothing ever arrives."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.errors import Unanswered, Unreachable
from bot.store import waits
from bot.store.database import Database
from tests.stories.upkeep.connections import Line, line_to

MANY = 6


@pytest.fixture
async def line(database: str) -> AsyncIterator[Line]:
    async with line_to(database) as line:
        yield line


async def has_answered(db: Database) -> bool:
    async with db.statement() as conn:
        await conn.execute("SELECT 1")
    return True


async def test_of_many_silent_connections_only_one_time_out_is_waited_for(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(line.url)
    await db.open()
    all_lent = asyncio.Barrier(MANY)

    async def together() -> None:
        async with db.statement() as conn:
            await conn.execute("SELECT 1")
            await all_lent.wait()

    try:
        await asyncio.gather(*(together() for _ in range(MANY)))
        line.strand()
        monkeypatch.setattr(waits, "LONGEST_S", 0.5)
        with pytest.raises((Unreachable, Unanswered)):
            await has_answered(db)
        assert await has_answered(db)
    finally:
        await line.cut()
        await db.close()
