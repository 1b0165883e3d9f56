"""Every SQL statement of the store fits the migrated schema, and the schema documents itself."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection, errors

from bot import store
from bot.store.migrations import migrate, shipped
from bot.store.queries import Queries
from tests.postgres import SharedPostgres

FOLDER = Path(store.__file__).parent
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# The sandbox's demo shop has a schema of its own.
ELSEWHERE = ("example.sql",)
# What PostgreSQL can prepare; the rest is short, has no parameters, and is run by other tests.
PREPARED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
COLUMN = re.compile(r"^ {4}(?P<name>[a-z_]+) (?P<type>[a-z][a-z ]*(?:\(.*?\))?)(?P<rest>.*)$")


def statements() -> Iterator[tuple[str, str, str]]:
    """Every statement as (file, name, text)."""
    for module in sorted(FOLDER.rglob("*.py")):
        queries = Queries(str(module))
        if queries.path.exists():
            for name, text in queries.statements.items():
                yield queries.path.name, name, text


def numbered(statement: str) -> str:
    """With PostgreSQL's `$1` placeholders, the same number for the same name."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(statement)))
    return PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", statement).replace("%%", "%")


def without_comments(statement: str) -> str:
    return "\n".join(line for line in statement.splitlines() if not line.startswith("--")).strip()


@pytest.fixture(scope="module")
def schema(postgres: SharedPostgres) -> Iterator[Connection]:
    """A migrated database shared by these tests: they prepare statements and never run them."""
    conninfo = asyncio.run(migrated(postgres))
    with Connection.connect(conninfo, autocommit=True) as conn:
        yield conn
    asyncio.run(postgres.drop_database(conninfo))


async def migrated(postgres: SharedPostgres) -> str:
    return await postgres.new_database(await postgres.template("migrated", migrate))


ALL = list(statements())
TO_PREPARE = [one for one in ALL if without_comments(one[2]).startswith(PREPARED) and one[0] not in ELSEWHERE]


@pytest.mark.parametrize(("file", "name", "text"), TO_PREPARE, ids=lambda part: part if len(part) < 40 else "")
def test_the_schema_understands_every_statement(schema: Connection, file: str, name: str, text: str) -> None:
    with schema.transaction(force_rollback=True):
        try:
            schema.execute(f"PREPARE statement AS {numbered(without_comments(text))}".encode())
        except (errors.IndeterminateDatatype, errors.AmbiguousFunction) as error:
            # psycopg sends the type with the value; a parameter of undetermined type is fine.
            pytest.fail(f"{file} {name}: {error}: write the type, as in %(name)s::text")
        # A rollback would not deallocate it.
        schema.execute("DEALLOCATE statement")


@pytest.mark.parametrize("file", sorted(file.name for file in FOLDER.glob("*.sql")))
def test_every_sql_file_is_beside_its_module(file: str) -> None:
    assert (FOLDER / file).with_suffix(".py").exists()


@pytest.mark.parametrize("file", sorted({file for file, _, _ in ALL}))
def test_no_statement_is_unused(file: str) -> None:
    """A statement whose name no module uses is dead code."""
    asked = "".join(module.read_text() for module in FOLDER.rglob("*.py"))

    unused = [name for other, name, _ in ALL if other == file and f'"{name}"' not in asked]

    assert unused == []


@pytest.mark.parametrize(("file", "name", "text"), ALL, ids=lambda part: part if len(part) < 40 else "")
def test_statements_take_the_time_as_a_parameter_and_never_ask_the_database(file: str, name: str, text: str) -> None:
    if (file, name) not in (
        ("database.sql", "server_time"),
        ("timekeeping.sql", "time"),
        ("migrations.sql", "create_ledger"),
    ):
        asks = r"\b(now|clock_timestamp|statement_timestamp|localtimestamp|the_time)\(|current_timestamp"
        assert not re.search(asks, text, re.IGNORECASE)


# The schema explains itself


def migration(name: str) -> list[str]:
    return dict(shipped())[name].splitlines()


NAMES = [name for name, _ in shipped()]


@pytest.mark.parametrize("name", NAMES)
def test_every_table_and_index_says_what_it_is_for(name: str) -> None:
    """By a comment line above it, or above the first of several adjacent indexes."""
    lines = migration(name)
    silent = [line for number, line in enumerate(lines) if _needs_words(line) and not _has_words_above(lines, number)]

    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_every_nullable_column_says_what_null_means(name: str) -> None:
    """On its line, or on the first of several adjacent columns that are null together."""
    lines = migration(name)
    silent = [lines[n].strip() for n in range(len(lines)) if _is_nullable(lines[n]) and not _is_explained(lines, n)]

    assert silent == []


def test_migrations_are_numbered_consecutively_and_uniquely() -> None:
    numbers = [name.partition("_")[0] for name in NAMES]

    assert numbers == sorted(set(numbers))


def _needs_words(line: str) -> bool:
    return bool(re.match(r"CREATE (TABLE|(UNIQUE )?INDEX|FUNCTION)", line))


def _has_words_above(lines: list[str], number: int) -> bool:
    for line in reversed(lines[:number]):
        if line.startswith("--"):
            return True
        if not line.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX", "    ")):
            return False
    return False


def _is_explained(lines: list[str], number: int) -> bool:
    while number and _is_nullable(lines[number]) and "--" not in lines[number]:
        number -= 1
    return _is_nullable(lines[number])


def _is_nullable(line: str) -> bool:
    found = COLUMN.match(line.partition("--")[0].rstrip())
    return found is not None and not re.search(r"NOT NULL|PRIMARY KEY|GENERATED", line) and found["name"].islower()
