"""A database that is reused by worlds is like new each time."""

import pytest

from bot.store.migrations import migrate
from tests.conftest import as_url
from tests.kept import KeptDatabase, Stock
from tests.postgres import SharedPostgres

WRITTEN = """
INSERT INTO requests (key, kind, body, received_at) VALUES ('one', 'event', '{}', now());
SELECT nextval(seqrelid) FROM pg_sequence;
"""
LEFT = """
SELECT (SELECT count(*) FROM requests), (SELECT count(pg_sequence_last_value(seqrelid)) FROM pg_sequence),
    (SELECT count(*) > 0 FROM migrations)
"""


async def test_the_next_world_finds_the_schema_without_rows_or_used_numbers(postgres: SharedPostgres) -> None:
    stock, template = Stock(postgres), await postgres.template("migrated", migrate)
    one = await stock.take(template)
    one.hand.execute(WRITTEN)
    await stock.give_back(one)

    next_one = await stock.take(template)
    assert next_one.conninfo == one.conninfo
    assert next_one.hand.execute(LEFT).fetchone() == (0, 0, True)
    await stock.give_back(next_one)
    await stock.close()


@pytest.mark.parametrize(
    "deed",
    [
        "CREATE TABLE left_behind ()",
        "ALTER TABLE requests ADD COLUMN more text",
        "ALTER TABLE outbox DISABLE TRIGGER ALL",
        "INSERT INTO migrations (name) VALUES ('9999_later')",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem TO 7000', current_database()); END $$",
    ],
)
async def test_a_database_changed_beyond_its_rows_is_dropped(postgres: SharedPostgres, deed: str) -> None:
    stock, template = Stock(postgres), await postgres.template("migrated", migrate)
    one = await stock.take(template)
    one.hand.execute(deed.encode())
    await stock.give_back(one)

    next_one = await stock.take(template)
    assert next_one.conninfo != one.conninfo
    await stock.give_back(next_one)
    await stock.close()


async def test_the_next_bot_reuses_the_connections_of_the_one_before(postgres: SharedPostgres) -> None:
    stock = Stock(postgres)
    one = await stock.take(await postgres.template("migrated", migrate))
    first, second = await asked_by(one.conninfo), await asked_by(one.conninfo)
    await stock.give_back(one)
    await stock.close()
    assert first == second


async def asked_by(conninfo: str) -> int:
    """The pid of the server process that serves a bot's connection."""
    db = KeptDatabase(as_url(conninfo), at_rest=0)
    await db.open()
    async with db.statement() as conn:
        pid = conn.pgconn.backend_pid
    await db.close()
    return pid
