"""One of two concurrent decisions wins; a backup and a restore of one database exclude each other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.actor import Actor
from bot.domain.backups.backup import Backup
from bot.domain.backups.restore import Restore
from bot.domain.backups.target import Prospect, Target
from bot.store.backups import backups, restores
from bot.store.database import Database
from bot.store.pipelined import Connection

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PROSPECT = Prospect(Target("db", 5432, "orders"), stands=True)


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    await db.open()
    yield db
    await db.close()


async def begun(conn: Connection, before_restore: int | None = None) -> Backup | None:
    return await backups.begin(
        conn, name="orders", started_by="ada", now=NOON, place="/backups", machine="here", suffix=".dump",
        before_restore=before_restore,
    )  # fmt: skip


async def asked(conn: Connection, backup_id: int, name: str = "orders") -> Restore | None:
    return await restores.ask(
        conn, name=name, backup_id=backup_id, asked_by=Actor("ada"), prospect=PROSPECT, incident_id=None, now=NOON,
        expires_at=NOON + 10 * MINUTE,
    )  # fmt: skip


async def running(db: Database) -> Restore:
    async with db.transaction() as conn:
        backup = await begun(conn)
        assert backup
        await backups.fail(conn, backup.id, error="it is over", now=NOON)
        restore = await asked(conn, backup.id)
        assert restore
        return await restores.begin(conn, restore.id, decided_by="ben", reason=None, now=NOON)


async def test_while_a_restore_runs_only_its_own_safety_backup_may_start(db: Database) -> None:
    restore = await running(db)
    async with db.transaction() as conn:
        assert await begun(conn) is None
        assert await begun(conn, before_restore=restore.id + 1) is None
        safety = await begun(conn, before_restore=restore.id)
        assert safety and safety.before_restore == restore.id


async def test_starting_a_backup_waits_for_a_concurrent_start_of_a_restore(db: Database) -> None:
    async def begin_too() -> Backup | None:
        async with db.transaction() as two:
            return await begun(two)

    restore = await running(db)
    async with db.transaction() as conn:
        await restores.fail(conn, restore.id, error="once more", now=NOON)
        again = await asked(conn, restore.backup_id)
        assert again
    async with db.transaction() as one:
        await backups.hold(one, "orders")
        assert await backups.running(one, "orders") is None
        second = asyncio.create_task(begin_too())
        await asyncio.wait({second}, timeout=0.1)
        assert not second.done()
        await restores.begin(one, again.id, decided_by="ben", reason=None, now=NOON)
    assert await second is None


async def test_only_one_restore_per_database_waits_or_runs(db: Database) -> None:
    restore = await running(db)
    async with db.transaction() as conn:
        assert await asked(conn, restore.backup_id) is None
        assert await asked(conn, restore.backup_id, "content") is not None
        await restores.fail(conn, restore.id, error="the server has gone", now=NOON)
        assert await asked(conn, restore.backup_id) is not None


async def test_a_restore_given_up_as_lost_learns_so_before_it_touches_anything(db: Database) -> None:
    restore = await running(db)
    async with db.transaction() as conn:
        assert await restores.move_on(conn, restore.id, "restoring", NOON)
        assert await restores.lose(conn, silent_since=NOON - MINUTE, own=[], now=NOON + MINUTE) == []
        assert await restores.lose(conn, silent_since=NOON, own=[restore.id], now=NOON + MINUTE) == []
        (lost,) = await restores.lose(conn, silent_since=NOON, own=[], now=NOON + MINUTE)
        assert lost.state == "lost"
        assert not await restores.move_on(conn, restore.id, "exchanging", NOON + MINUTE)


async def test_leftovers_are_cleared_up_by_one_of_two_processes(db: Database) -> None:
    restore = await running(db)
    async with db.transaction() as conn:
        assert await restores.claim_left(conn, ["orders"], now=NOON, again_at=NOON + MINUTE) == []
        await restores.fail(conn, restore.id, error="the server has gone", now=NOON)
    async with db.transaction() as one, db.transaction() as two:
        (left,) = await restores.claim_left(one, ["orders"], now=NOON, again_at=NOON + MINUTE)
        assert left.id == restore.id
        assert await restores.claim_left(two, ["orders"], now=NOON, again_at=NOON + MINUTE) == []
    async with db.transaction() as conn:
        assert await restores.due_rows(["orders"], own=[], lost_after=MINUTE).soonest(conn) == NOON + MINUTE
        swept = await restores.swept(conn, restore.id, kept=False, exchanged_at=None)
        assert swept and (swept.exchanged_at, swept.kept) == (None, False)
        assert await restores.swept(conn, restore.id, kept=False, exchanged_at=None) is None, "once"
        assert await restores.due_rows(["orders"], own=[], lost_after=MINUTE).soonest(conn) is None


async def test_only_a_restore_that_has_waited_long_enough_expires(db: Database) -> None:
    restore = await running(db)
    async with db.transaction() as conn:
        other = await asked(conn, restore.backup_id, "content")
        assert other
        assert await restores.expire(conn, NOON + 10 * MINUTE - timedelta(microseconds=1)) == []
        assert [one.id for one in await restores.expire(conn, NOON + 10 * MINUTE)] == [other.id]
        assert await restores.expire(conn, NOON + 10 * MINUTE) == []
