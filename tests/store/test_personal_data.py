"""Every text column is listed as holding personal data or not."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from psycopg import Connection

from bot.store.migrations import migrate
from bot.store.people.personal_data import HELD, NO_PERSON, OWN
from tests.postgres import SharedPostgres

WORDS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND udt_name IN
        ('text', '_text', 'json', 'jsonb', 'bytea', 'varchar', 'bpchar', 'name', 'citext', 'inet')
"""


def test_every_text_column_is_on_exactly_one_list(postgres: SharedPostgres) -> None:
    columns = asyncio.run(of_the_schema(postgres))
    listed = Counter([*named(HELD), *named(OWN), *pairs(NO_PERSON)])

    assert columns - listed.keys() == set(), "say in bot/store/people/personal_data.py whether these may name a person"
    assert listed.keys() - columns == set()
    assert [column for column, times in listed.items() if times > 1] == []


async def of_the_schema(postgres: SharedPostgres) -> set[tuple[str, str]]:
    conninfo = await postgres.new_database(await postgres.template("migrated", migrate))
    with Connection.connect(conninfo) as conn:
        found = {(table, column) for table, column in conn.execute(WORDS)}
    await postgres.drop_database(conninfo)
    return found


def named(held: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, str]]:
    for tables in held.values():
        yield from pairs(tables)


def pairs(tables: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    return ((table, column) for table, columns in tables.items() for column in columns)
