"""Our own keys: created once, by whichever process comes first, and shared by all."""

import asyncio

from bot.clock import Clock
from bot.store.database import Database
from bot.store.paging import keys
from tests.processes import until


async def test_a_key_is_created_at_first_use_and_stays_the_same(database: str) -> None:
    now = Clock().now()
    db = Database(database)
    await db.open()
    async with db.transaction() as conn:
        first = await keys.get(conn, "links", now)
    async with db.transaction() as conn:
        assert await keys.get(conn, "links", now) == first
        assert (await keys.get(conn, "hooks", now)).secret != first.secret
    assert len(first.secret) == keys.LENGTH
    await db.close()


async def test_when_two_processes_create_a_key_at_once_both_use_the_firsts(database: str) -> None:
    now = Clock().now()
    one, other = Database(database), Database(database)
    await one.open()
    await other.open()

    async def second() -> keys.Key:
        async with other.transaction() as conn:
            return await keys.get(conn, "links", now)

    async with one.transaction() as conn:
        made = await keys.get(conn, "links", now)
        asking = asyncio.create_task(second())
        await until(lambda: somebody_waits(other))
    assert await asking == made
    await one.close()
    await other.close()


async def somebody_waits(db: Database) -> bool:
    async with db.statement() as conn:
        found = await conn.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return found.rowcount > 0
