"""Writes deferred to the commit are sent in one round trip, invisibly to everybody else."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

from bot.domain.errors import Failed
from bot.store.database import WORK_CONNECTIONS, Database
from bot.store.outbox import outbox
from bot.store.pipelined import Connection, reason_of
from bot.store.queries import Queries, ask_all

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
QUESTION: tuple[Queries, str, dict[str, object]] = (outbox.SQL, "next_due", {"now": NOW, "full": []})
# More event-loop turns than several statements in one round trip take.
TURNS = 20
BUSY_S = 0.01

Borrow = Callable[[], AbstractAsyncContextManager[Connection]]


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    await db.open()
    yield db
    await db.close()


async def put(conn: Connection, kind: str, *, key: str | None = None, due_in: int = 0) -> None:
    due_at = NOW + timedelta(seconds=due_in)
    await outbox.put(conn, kind, {"of": kind}, now=NOW, priority=1, key=key, due_at=due_at)


async def kinds(db: Database) -> list[str]:
    async with db.transaction() as conn:
        rows = await (await conn.execute("SELECT kind FROM outbox ORDER BY id")).fetchall()
    return [row["kind"] for row in rows]


async def test_deferred_writes_are_committed_in_order(db: Database) -> None:
    async with db.transaction() as conn:
        for kind in ("one", "two", "three"):
            await put(conn, kind)
    assert await kinds(db) == ["one", "two", "three"]


async def test_the_next_query_sees_deferred_writes(db: Database) -> None:
    async with db.transaction() as conn:
        await put(conn, "one", due_in=60)
        assert await outbox.next_due(conn, NOW) == NOW + timedelta(seconds=60)


async def test_outside_a_transaction_deferred_writes_are_sent_when_the_connection_is_returned(db: Database) -> None:
    async with db.statement() as conn:
        await put(conn, "one")
    assert await kinds(db) == ["one"]


async def test_a_rollback_discards_deferred_writes_and_leaves_none_for_the_next_transaction(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await put(conn, "one")
            raise ZeroDivisionError
    for _ in range(20):
        assert await kinds(db) == []


async def test_an_error_outside_a_transaction_leaves_no_deferred_writes_for_the_next(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.statement() as conn:
            await put(conn, "one")
            raise ZeroDivisionError
    for _ in range(20):
        assert await kinds(db) == []


async def test_deferred_writes_from_before_a_failed_savepoint_stay(db: Database) -> None:
    async with db.transaction() as conn:
        await put(conn, "before")
        with pytest.raises(ZeroDivisionError):
            async with conn.transaction():
                await put(conn, "within")
                raise ZeroDivisionError
        await put(conn, "after")
    assert await kinds(db) == ["before", "after"]


async def test_two_deliveries_with_one_key_merge_and_are_due_at_the_sooner_time(db: Database) -> None:
    async with db.transaction() as conn:
        await put(conn, "sooner", key="the same", due_in=5)
        await put(conn, "later", key="the same", due_in=60)
        await put(conn, "another", due_in=90)
    assert await kinds(db) == ["another", "later"]
    async with db.transaction() as conn:
        assert await outbox.next_due(conn, NOW) == NOW + timedelta(seconds=5)


async def test_keyed_deliveries_are_written_at_the_commit_and_not_before(db: Database) -> None:
    async with db.transaction() as conn:
        await put(conn, "card", key="one")
        assert await outbox.next_due(conn, NOW) is None
    async with db.statement() as conn:
        await put(conn, "alone", key="two")
    assert await kinds(db) == ["card", "alone"]


async def test_a_failed_savepoint_drops_only_its_own_keyed_deliveries(db: Database) -> None:
    async with db.transaction() as conn:
        await put(conn, "before", key="1")
        with pytest.raises(ZeroDivisionError):
            async with conn.transaction():
                await put(conn, "within", key="2")
                raise ZeroDivisionError
        await put(conn, "after", key="3")
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await put(conn, "never", key="4")
            raise ZeroDivisionError
    for _ in range(20):
        assert await kinds(db) == ["before", "after"]


async def test_a_query_at_the_commit_is_answered_once_everything_is_committed(db: Database) -> None:
    told: list[object] = []
    async with db.transaction() as conn:
        outbox.SQL.at_commit(conn, "next_due", lambda rows: told.append(rows[0]["due_at"]), now=NOW, full=[])
        await put(conn, "one", due_in=60)
        assert told == []
    assert told == [NOW + timedelta(seconds=60)]
    assert await kinds(db) == ["one"]


async def test_a_query_at_the_commit_is_dropped_when_its_transaction_or_savepoint_rolls_back(db: Database) -> None:
    told: list[object] = []
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            outbox.SQL.at_commit(conn, "next_due", told.append, now=NOW, full=[])
            raise ZeroDivisionError
    for _ in range(WORK_CONNECTIONS):
        async with db.transaction() as conn:
            with pytest.raises(ZeroDivisionError):
                async with conn.transaction():
                    outbox.SQL.at_commit(conn, "next_due", told.append, now=NOW, full=[])
                    raise ZeroDivisionError
            await put(conn, "one")
    assert told == []


async def test_an_error_in_a_deferred_write_is_raised_at_the_commit_and_rolls_everything_back(db: Database) -> None:
    told: list[object] = []
    unknown: list[str] = []
    for _ in range(WORK_CONNECTIONS):
        async with db.statement() as conn:
            with pytest.raises(errors.NotNullViolation):
                async with conn.transaction():
                    on_unknown = partial(unknown.append, "unknown")
                    outbox.SQL.at_commit(conn, "next_due", told.append, on_unknown, now=NOW, full=[])
                    await put(conn, "one")
                    await outbox.SQL.defer(conn, "put", kind=None)
            assert conn.info.transaction_status == TransactionStatus.IDLE
    assert told == [] and await kinds(db) == []
    assert unknown == ["unknown"] * WORK_CONNECTIONS, "for all that it knows, somebody may have to look"


def test_an_aborted_pipeline_is_reported_with_the_error_that_aborted_it() -> None:
    """The driver raises either one, depending on how the answers arrive."""
    wrong, aborted = errors.NotNullViolation("kind is null"), errors.PipelineAborted("pipeline aborted")
    assert reason_of(aborted) is aborted
    aborted.__context__ = errors.PipelineAborted("pipeline aborted")
    aborted.__context__.__context__ = wrong
    assert reason_of(aborted) is wrong


async def test_a_query_for_a_commit_that_never_comes_is_not_sent_with_the_next_one(db: Database) -> None:
    told: list[object] = []
    async with db.statement() as conn:
        outbox.SQL.at_commit(conn, "next_due", told.append, now=NOW, full=[])
    for _ in range(WORK_CONNECTIONS):
        async with db.transaction() as conn:
            await put(conn, "one")
    assert told == []


async def test_after_a_round_trip_whose_first_statement_failed_the_second_can_be_sent_again(
    db: Database, tmp_path: Path
) -> None:
    (tmp_path / "wrong.sql").write_text("-- name: wrong\nSELECT 1 / 0;\n")
    wrong = Queries(str(tmp_path / "wrong.py"))
    for _ in range(TURNS):
        with pytest.raises(errors.DivisionByZero):
            async with db.statement() as conn:
                await ask_all(conn, (wrong, "wrong", {}), QUESTION)
        async with db.statement() as conn:
            assert await ask_all(conn, QUESTION, QUESTION) == [[{"due_at": None}]] * 2


async def interrupted_after(turns: int, borrow: Borrow) -> None:
    """Runs several statements in one round trip, cancelled after `turns` turns of the event loop."""

    async def several_questions() -> None:
        async with borrow() as conn:
            # In a busy loop the driver yields at every step, which makes more points to be cancelled at.
            time.sleep(BUSY_S)  # noqa: ASYNC251
            await ask_all(conn, QUESTION, QUESTION)

    asking = asyncio.create_task(several_questions())
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])


@pytest.mark.parametrize("way", ["statement", "transaction"])
async def test_a_cancelled_caller_leaves_no_connection_that_reports_a_change_before_it_is_made(
    db: Database, way: str
) -> None:
    assert await kinds(db) == []
    for turns in range(TURNS):
        await interrupted_after(turns, getattr(db, way))
    async with AsyncExitStack() as borrowed:
        lines = [await borrowed.enter_async_context(db.statement()) for _ in range(WORK_CONNECTIONS - 1)]
        for line in lines:
            await put(line, "one")
            await line.flush()
        assert len(await kinds(db)) == len(lines)


@pytest.mark.parametrize("way", ["statement", "transaction", "last_look", "watch", "intake"])
async def test_a_cancellation_is_not_lost_when_the_connection_breaks_at_the_same_time(db: Database, way: str) -> None:
    """Otherwise a loop that continues after errors would never end, and block shutdown."""
    asked = asyncio.Event()

    async def ask_for_ever() -> None:
        while True:
            with suppress(Failed):
                async with getattr(db, way)() as conn:
                    try:
                        asked.set()
                        await asyncio.Event().wait()
                    finally:
                        await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    asking = asyncio.create_task(ask_for_ever())
    await asked.wait()
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
