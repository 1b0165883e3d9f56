"""Which backups may start, shown with concurrent transactions, and how a run ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.backups.backup import LOST_AFTER, Backup
from bot.domain.errors import NotFound
from bot.store.backups import backups
from bot.store.backups.backups import RunResult
from bot.store.database import Database
from bot.store.pipelined import Connection

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MADE = RunResult(
    size=10, sha256="abc", tool="pg_dump 18.4", server="PostgreSQL 18.4", tables=1, counts={"public.orders": 7},
    counted="counted",
)  # fmt: skip


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    await db.open()
    yield db
    await db.close()


async def begun(conn: Connection, name: str = "orders", at: datetime = NOON) -> Backup | None:
    return await backups.begin(
        conn, name=name, started_by="ada", now=at, place="/backups", machine="here", suffix=".dump"
    )


async def good(conn: Connection, at: datetime = NOON, name: str = "orders") -> Backup:
    backup = await begun(conn, name, at)
    assert backup
    done = await backups.succeed(conn, backup.id, MADE, at)
    assert done
    return done


async def test_when_two_start_the_same_backup_at_once_the_second_waits_and_starts_nothing(db: Database) -> None:
    async def begin_too() -> Backup | None:
        async with db.transaction() as two:
            return await begun(two)

    async with db.transaction() as one:
        assert await begun(one) is not None
        second = asyncio.create_task(begin_too())
        await asyncio.wait({second}, timeout=0.1)
        assert not second.done()
    assert await second is None


async def test_a_backup_of_another_database_or_at_a_later_time_may_start(db: Database) -> None:
    async with db.transaction() as conn:
        first, other = await begun(conn), await begun(conn, "content")
        assert first and other and first.file != other.file
        assert await begun(conn) is None
        await backups.fail(conn, first.id, error="the server has gone", now=NOON)
        assert await begun(conn) is not None


async def test_a_planned_backup_is_claimed_by_one_of_two_processes(db: Database) -> None:
    async with db.transaction() as conn:
        await backups.plan(conn, "orders", NOON, NOON - HOUR)
    async with db.transaction() as one, db.transaction() as two:
        assert await backups.claim_plans(one, ["orders"], NOON - SECOND) == []
        assert await backups.claim_plans(one, ["orders"], NOON) == ["orders"]
        assert await backups.claim_plans(two, ["orders"], NOON) == []


async def test_a_new_hour_in_the_runbook_reschedules_a_backup_unless_it_is_overdue(db: Database) -> None:
    async with db.transaction() as conn:
        await backups.plan(conn, "orders", NOON, NOON - HOUR)
        await backups.plan(conn, "orders", NOON + HOUR, NOON - SECOND)
        assert await backups.plans(conn, ["orders"]) == {"orders": NOON + HOUR}
        await backups.plan(conn, "orders", NOON + 5 * HOUR, NOON + HOUR)
        assert await backups.plans(conn, ["orders"]) == {"orders": NOON + HOUR}


async def test_a_run_without_heartbeat_is_lost_unless_it_is_our_own(db: Database) -> None:
    async with db.transaction() as conn:
        backup = await begun(conn)
        assert backup
        await backups.hear(conn, backup.id, size=5, tables=None, tables_done=0, now=NOON + SECOND)
        due = await backups.due_rows([], own=[], lost_after=LOST_AFTER, machine="here").soonest(conn)
        assert due == NOON + SECOND + LOST_AFTER
        assert await backups.due_rows([], own=[backup.id], lost_after=LOST_AFTER, machine="here").soonest(conn) is None

        assert await backups.lose(conn, silent_since=NOON, own=[], now=due, again_at=due) == []
        assert await backups.lose(conn, silent_since=NOON + SECOND, own=[backup.id], now=due, again_at=due) == []
        (lost,) = await backups.lose(conn, silent_since=NOON + SECOND, own=[], now=due, again_at=due)
        assert (lost.state, lost.size) == ("lost", 5)


async def test_a_run_given_up_as_lost_that_completes_after_all_is_good(db: Database) -> None:
    async with db.transaction() as conn:
        backup = await begun(conn)
        assert backup
        await backups.lose(conn, silent_since=NOON, own=[], now=NOON, again_at=NOON)
        assert await backups.fail(conn, backup.id, error="too late", now=NOON) is None
        done = await backups.succeed(conn, backup.id, MADE, NOON)
        assert done and done.state == "good"


async def test_only_a_complete_backup_can_be_verified(db: Database) -> None:
    async with db.transaction() as conn:
        sound, running = await good(conn), await begun(conn, at=NOON + HOUR)
        assert running
        assert await backups.judge(conn, running.id, damage="cut", now=NOON) is None
        damaged = await backups.judge(conn, sound.id, damage="cut", now=NOON)
        assert damaged and (damaged.state, damaged.error) == ("damaged", "cut")
        assert await backups.good(conn, ["orders"]) == []
        judged_again = await backups.judge(conn, sound.id, damage=None, now=NOON)
        assert judged_again and (judged_again.state, judged_again.error) == ("good", None)


async def test_the_last_backup_of_each_database_is_found(db: Database) -> None:
    async with db.transaction() as conn:
        await good(conn, NOON)
        newest_good = await good(conn, NOON + HOUR)
        failed = await begun(conn, at=NOON + 2 * HOUR)
        assert failed
        await backups.fail(conn, failed.id, error="the server has gone", now=NOON)
        running = await begun(conn, at=NOON + 3 * HOUR)
        last = await backups.last_of_each(conn, ["orders", "content"])

    assert last["orders"].good == newest_good
    assert last["orders"].running == last["orders"].newest == running
    assert last["content"] == backups.Last()


async def test_a_failure_ends_with_the_next_good_run(db: Database) -> None:
    async with db.transaction() as conn:
        failed = await begun(conn)
        assert failed
        failed = await backups.fail(conn, failed.id, error="the server has gone", now=NOON)
        assert failed
        assert not await backups.has_newer_good(conn, failed)
        next_one = await good(conn, NOON + HOUR)
        assert await backups.has_newer_good(conn, failed)
        assert await backups.failure_before(conn, next_one) == failed
        assert await backups.failure_before(conn, await good(conn, NOON + 2 * HOUR)) is None


async def test_an_unknown_backup_number_is_an_error(db: Database) -> None:
    async with db.transaction() as conn:
        with pytest.raises(NotFound, match="There is no backup 7"):
            await backups.get(conn, 7)
