"""What an ordinary account cannot restore is named before anything is created, on every supported server.

The remedy is printed as SQL statements: typed verbatim, they make the backup restorable.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

import psycopg
import pytest

from bot.domain.errors import Rejected
from bot.dumpers import Tally
from bot.dumpers import postgresql as dumping
from bot.dumpers import postgresql_restore as restoring
from bot.store.embedded.server import binaries
from tests.dumpers.conftest import a_backup
from tests.servers import SUPPORTED, server_of

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]
SCRATCH = "tocsin_drill_1_abcdef"
HEARD = (
    "CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION heard() OWNER TO app"
)
READ = "CREATE FUNCTION b(bytea) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'; ALTER FUNCTION b(bytea) OWNER TO app"
COUNTED = "LANGUAGE sql SUPPORT generate_series_int4_support AS 'SELECT 1'"
# What an administrator has created, and how that is named.
ALONE = {
    "DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql": "the comment on the extension plpgsql",
    f"{READ}; CREATE CAST (bytea AS text) WITH FUNCTION b(bytea)": "the cast from bytea to text",
    f"{HEARD}; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION heard()": "the event trigger watch",
    "CREATE ACCESS METHOD heaped TYPE TABLE HANDLER heap_tableam_handler": "the access method heaped",
    "CREATE TEXT SEARCH TEMPLATE tt (INIT = dsimple_init, LEXIZE = dsimple_lexize)": "the text search template tt",
    "CREATE TEXT SEARCH PARSER pp (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, "
    "LEXTYPES = prsd_lextype)": "the text search parser pp",
    "CREATE AGGREGATE listed(anynonarray) (sfunc = array_agg_transfn, stype = internal, finalfunc = array_agg_finalfn, "
    "finalfunc_extra)": "the aggregate with internal state listed",
    f"CREATE FUNCTION planned(int) RETURNS int {COUNTED}": "the function with planner support planned",
    "GRANT SELECT ON orders TO reader WITH GRANT OPTION; SET ROLE reader; GRANT SELECT ON orders TO writer; RESET ROLE":
        "what reader granted on the table public.orders",
    "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO app": "the rights on the function pg_catalog.pg_read_file",
    "CREATE SCHEMA sales AUTHORIZATION app; GRANT CREATE, USAGE ON SCHEMA sales TO writer; SET ROLE writer; "
    "CREATE TABLE sales.t (); RESET ROLE": "the table sales.t of writer in the schema of another",
    "CREATE SCHEMA news AUTHORIZATION app; CREATE PUBLICATION p FOR TABLES IN SCHEMA news":
        "the publication of whole schemas p",
}  # fmt: skip
# What a superuser owns, and what to type.
GIVEN = [
    "CREATE TABLE theirs (id serial PRIMARY KEY, v vector2)", "CREATE VIEW seen AS SELECT * FROM orders",
    "CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE SEQUENCE counted",
    "CREATE SCHEMA \"Odd one\"", "CREATE STATISTICS often ON id, note FROM orders", "SELECT lo_create(4711)",
]  # fmt: skip


@pytest.fixture(scope="module", params=SUPPORTED)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """The server's version, and the administrator's URL."""
    with server_of(request.param) as entrance:
        with psycopg.connect(entrance, autocommit=True) as conn:
            for statement in ("CREATE ROLE app", "CREATE ROLE writer", "CREATE ROLE reader"):
                conn.execute(statement.encode())
            conn.execute(
                "CREATE ROLE keeper LOGIN CREATEDB; GRANT app, writer TO keeper; GRANT pg_read_all_data TO keeper"
            )
        yield request.param, entrance


@pytest.fixture
def shop(server: tuple[int, str]) -> str:
    """The administrator's URL of an application's database."""
    _, entrance = server
    with psycopg.connect(entrance, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        conn.execute("CREATE DATABASE shop OWNER app")
    address = entrance.replace("/postgres?", "/shop?")
    tell(address, "CREATE TABLE orders (id int PRIMARY KEY, note text); ALTER TABLE orders OWNER TO app")
    return address


def tell(address: str, statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        for statement in statements.split("; "):
            conn.execute(statement.encode())


def keeper_of(address: str) -> str:
    return address.replace("postgres@", "keeper@")


def typed(said: str) -> list[str]:
    """Every statement that a message tells somebody to type."""
    return re.findall(r"(?:ALTER|CREATE ROLE|GRANT) [^;]+", said)


async def dumped(address: str) -> tuple[bytes, Mapping[str, Any]]:
    equipment = await dumping.equip(a_backup(address), TOOLS)
    return b"".join([piece async for piece in dumping.dump(a_backup(address), equipment, Tally())]), equipment.source


async def brought_back(address: str, content: bytes, source: Mapping[str, Any]) -> list[str]:
    """Restores it; returns what was lost."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield content

    backup = a_backup(address)
    ready = await restoring.ready(backup, TOOLS, source)
    try:
        await restoring.fill(backup, SCRATCH, pieces(), ready, source)
        return list(await restoring.dress(backup, SCRATCH, source))
    finally:
        await restoring.drop(backup, SCRATCH)


async def refusal(address: str, source: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(Rejected) as raised:
        await restoring.ready(a_backup(address), TOOLS, source)
    return str(raised.value)


async def test_everything_only_a_superuser_can_restore_is_named(server: tuple[int, str], shop: str) -> None:
    version, _ = server
    for statements, words in ALONE.items():
        if version < 15 and "whole schemas" in words:
            continue
        tell(shop, statements)
    source = (await dumping.equip(a_backup(shop), TOOLS)).source
    for words in list(ALONE.values())[: len(ALONE) - (version < 15)]:
        assert [one for one in source["superuser"] if one.startswith(words)], words
    assert "only a superuser can bring back" in await refusal(keeper_of(shop), source)
    # So many aren't all named at once.
    assert f"and {len(source['superuser']) - 10} more" in await refusal(keeper_of(shop))


async def test_a_superusers_objects_are_restored_once_the_printed_statements_are_typed(
    server: tuple[int, str], shop: str
) -> None:
    version, entrance = server
    tell(shop, "CREATE TYPE vector2 AS (x float, y float); ALTER DATABASE shop OWNER TO postgres")
    tell(shop, "; ".join(GIVEN))
    if version >= 15:
        tell(shop, "ALTER SCHEMA public OWNER TO postgres")
    tell(entrance, "REVOKE app FROM keeper; ALTER ROLE keeper NOINHERIT NOCREATEDB")
    try:
        said = await refusal(keeper_of(shop))
        assert "GRANT postgres" not in said and len(typed(said)) >= 10
        while True:
            for statement in typed(said):
                tell(shop, statement)
            content, source = await dumped(shop)
            try:
                assert await brought_back(keeper_of(shop), content, source) == []
                break
            except Rejected as error:
                assert str(error) != said
                said = str(error)
    finally:
        tell(entrance, "ALTER ROLE keeper INHERIT; GRANT app TO keeper")


async def test_where_a_superuser_owns_everything_the_advice_creates_an_owning_role(
    server: tuple[int, str], shop: str
) -> None:
    tell(shop, "ALTER DATABASE shop OWNER TO postgres; ALTER TABLE orders OWNER TO postgres")
    try:
        said = await refusal(keeper_of(shop))
        assert typed(said)[0] == "CREATE ROLE shop_owner"
        for statement in typed(said):
            tell(shop, statement)
        assert await brought_back(keeper_of(shop), *await dumped(keeper_of(shop))) == []
    finally:
        tell(shop, "REASSIGN OWNED BY shop_owner TO app; DROP OWNED BY shop_owner; DROP ROLE shop_owner")


async def test_roles_missing_on_the_server_are_named_even_to_a_superuser(server: tuple[int, str], shop: str) -> None:
    tell(
        shop, "CREATE ROLE ghost; CREATE ROLE shade; GRANT SELECT ON orders TO ghost; ALTER TABLE orders OWNER TO shade"
    )
    content, source = await dumped(shop)
    tell(server[1], "DROP DATABASE shop WITH (FORCE); DROP ROLE ghost; DROP ROLE shade")
    try:
        assert typed(await refusal(shop, source)) == ["CREATE ROLE ghost", "CREATE ROLE shade"]
        for statement in typed(await refusal(keeper_of(shop), source)):
            tell(server[1], statement)
        assert await brought_back(keeper_of(shop), content, source) == []
    finally:
        tell(server[1], "DROP ROLE ghost; DROP ROLE shade")


async def test_the_grant_needed_for_a_functions_settings_is_printed(server: tuple[int, str], shop: str) -> None:
    version, _ = server
    tell(shop, "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET log_statement = 'all' AS 'SELECT 1'")
    tell(shop, "ALTER FUNCTION f() OWNER TO app")
    content, source = await dumped(shop)
    said = await refusal(keeper_of(shop), source)
    if version < 15:
        assert "only a superuser can bring back a function that sets log_statement" in said
        return
    for statement in typed(said):
        tell(shop, statement)
    assert await brought_back(keeper_of(shop), content, source) == []
    tell(shop, "REVOKE SET ON PARAMETER log_statement FROM keeper")


async def test_privileges_dropped_without_an_error_are_named_as_lost(server: tuple[int, str], shop: str) -> None:
    tell(shop, "REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC; REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC")
    content, source = await dumped(shop)
    lost = await brought_back(keeper_of(shop), content, source)
    assert [one.partition(" (only")[0] for one in lost] == [
        "the rights on the function pg_catalog.pg_sleep(double precision)", "the rights on the language plpgsql",
    ]  # fmt: skip
    assert await brought_back(shop, content, source) == []


async def test_a_publication_is_restored_to_an_owner_who_could_publish(server: tuple[int, str], shop: str) -> None:
    tell(shop, "GRANT CREATE ON DATABASE shop TO writer; GRANT app TO writer; SET ROLE writer; "
               "CREATE PUBLICATION p FOR TABLE orders; RESET ROLE; REVOKE app FROM writer")  # fmt: skip
    assert await brought_back(keeper_of(shop), *await dumped(keeper_of(shop))) == []


async def test_the_restoring_server_decides_whether_an_extension_needs_a_superuser(
    server: tuple[int, str], shop: str
) -> None:
    """It installs its own default version, whatever version the backup was taken with."""
    with psycopg.connect(shop) as conn:
        found = conn.execute(
            "SELECT DISTINCT ON (trusted) trusted, name FROM pg_available_extension_versions "
            "WHERE superuser AND requires IS NULL AND name = ANY(%s) ORDER BY trusted, name",
            [["vector", "pg_trgm", "pageinspect", "file_fdw"]],
        ).fetchall()
    if trusted := [name for may_anybody, name in found if may_anybody]:
        tell(shop, f"CREATE EXTENSION {trusted[0]}")
        content, source = await dumped(keeper_of(shop))
        # As on a server where it is not trusted yet.
        assert await brought_back(keeper_of(shop), content, {**source, "extensions": trusted}) == []
    if alone := [name for may_anybody, name in found if not may_anybody]:
        tell(shop, f"CREATE EXTENSION {alone[0]}; SET allow_system_table_mods = on; "
                   f"UPDATE pg_extension SET extversion = '0.0' WHERE extname = '{alone[0]}'")  # fmt: skip
        assert f"only a superuser can bring back the extension {alone[0]}" in await refusal(keeper_of(shop))
