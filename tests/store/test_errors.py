"""A failed transaction: either nothing was committed for certain, or the outcome is unknown."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, errors

from bot.domain.errors import Failed, Unanswered, Unreachable
from bot.store.database import Database
from bot.store.errors import Deadlocked, LineLost, failure, is_of_the_world, plain_reason, refusal, whose_it_is
from bot.wire.timeouts import TimeLimit

# The server ends the session in the middle of its COMMIT, so its answer never comes.
DIES_AT_COMMIT = """
CREATE TABLE fragile (n int);
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER fragile_dies AFTER INSERT ON fragile DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die();
"""
SLOW_AT_COMMIT = DIES_AT_COMMIT.replace("PERFORM pg_terminate_backend(pg_backend_pid());", "")


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    await db.open()
    yield db
    await db.close()


async def do(database: str, statements: str) -> None:
    async with await AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute(statements.encode())


async def insert(db: Database) -> None:
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO fragile VALUES (1)")


async def test_an_unanswered_commit_has_an_unknown_outcome(db: Database, database: str) -> None:
    await do(database, DIES_AT_COMMIT)
    with pytest.raises(Unanswered):
        await insert(db)


async def test_a_timeout_means_nothing_was_changed_only_before_the_commit(db: Database, database: str) -> None:
    await do(database, SLOW_AT_COMMIT)
    with pytest.raises(Unanswered):
        await TimeLimit(2).wait_for(insert(db))

    async def slow() -> None:
        async with db.transaction() as conn:
            await conn.execute("SELECT pg_sleep(10)")

    with pytest.raises(Unreachable):
        await TimeLimit(0.05).wait_for(slow())


async def test_a_failure_after_a_commit_is_not_called_rolled_back(db: Database) -> None:
    async def done_and_then_away() -> None:
        async with db.transaction() as conn:
            await conn.execute("SELECT 1")
        raise Unreachable("the database does not answer")

    with pytest.raises(Unanswered):
        await TimeLimit(5).wait_for(TimeLimit(5).wait_for(done_and_then_away()))


async def test_a_connection_lost_before_the_commit_changed_nothing(db: Database) -> None:
    with pytest.raises(LineLost):
        async with db.transaction() as conn:
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_connections_that_died_while_idle_are_replaced_before_anybody_gets_an_error(
    db: Database, database: str
) -> None:
    for kind in (db.transaction, db.statement, db.intake):
        async with kind() as conn:
            await conn.execute("SELECT 1")
        await do(
            database,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        for _ in range(8):
            async with kind() as conn:
                await conn.execute("SELECT 1")


@pytest.mark.parametrize("kind", ["transaction", "statement", "intake"])
async def test_a_read_only_database_stored_nothing_and_is_retried_on_a_new_connection(
    db: Database, database: str, kind: str
) -> None:
    await do(database, "CREATE TABLE plain (n int)")
    with pytest.raises(Unreachable, match="the database is read-only"):
        async with getattr(db, kind)() as conn:
            await conn.execute(
                "SET default_transaction_read_only = on" if kind == "statement" else "SET TRANSACTION READ ONLY"
            )
            await conn.execute("INSERT INTO plain VALUES (1)")
    assert conn.closed


async def test_a_mistake_in_our_sql_is_not_reported_as_a_database_outage(db: Database) -> None:
    with pytest.raises(errors.UndefinedTable):
        async with db.transaction() as conn:
            await conn.execute("SELECT FROM nowhere")


async def test_a_server_out_of_connections_is_reported_as_such(database: str) -> None:
    """By a role's connection limit, so that the shared server's own slots are left for other tests."""
    role = f"crowded_{uuid4().hex}"
    await do(database, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    db = Database(database.replace("postgres@", f"{role}@"))
    await db.open()
    with pytest.raises(Unreachable, match="the database takes no more connections") as told:
        async with db.intake():
            pass
    assert plain_reason(told.value) == "my database takes no more connections"
    await do(database, f"ALTER ROLE {role} CONNECTION LIMIT 100")
    async with db.transaction() as conn:
        await conn.execute("SELECT 1")
    await db.close()
    await do(database, f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("FATAL:  sorry, too many clients already", "the database takes no more connections"),
        ("FATAL:  no more connections allowed (max_client_conn)", "the database takes no more connections"),
        ("FATAL:  the database system is starting up\nDETAIL: x", "the database is starting"),
        ('FATAL:  password authentication failed for user "x"', "lets nobody in: password authentication failed for"),
        ("Connection refused\n\tIs the server running?", None),
    ],
)
def test_the_reason_for_a_refused_connection_is_what_the_server_says(said: str, why: str | None) -> None:
    heard = refusal(errors.OperationalError(f'connection failed: connection to server at "db" failed: {said}'))
    assert heard == why if why is None else why in (heard or "")


async def test_of_two_deadlocked_transactions_one_commits_and_the_other_can_be_retried(
    db: Database, database: str
) -> None:
    await do(database, "CREATE TABLE pair (n int); INSERT INTO pair VALUES (1), (2)")
    both_have_one = asyncio.Barrier(2)

    async def lock(*numbers: int) -> None:
        async with db.transaction() as conn:
            await conn.execute("SET LOCAL deadlock_timeout = '10ms'")
            await conn.execute("SELECT FROM pair WHERE n = %s FOR UPDATE", [numbers[0]])
            await both_have_one.wait()
            await conn.execute("SELECT FROM pair WHERE n = %s FOR UPDATE", [numbers[1]])

    ended = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [Deadlocked]


def test_a_deadlock_counts_as_an_error_worth_retrying() -> None:
    assert is_of_the_world(errors.DeadlockDetected())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            failure(errors.OperationalError("server closed the connection"), at_commit=True),
            "the commit was not answered: my database: server closed the connection",
        ),
        (failure(errors.OperationalError("server closed the connection")), "my database: server closed the connection"),
        (failure(errors.DiskFull("full")), "the disk of my database is full"),
        (Unreachable("the database system is starting up"), "the database system is starting up"),
    ],
)
def test_an_error_names_our_own_database_and_not_the_one_backed_up(error: Failed, said: str) -> None:
    assert whose_it_is(error) == said
