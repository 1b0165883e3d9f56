"""Properties of a PostgreSQL database outside its content are restored, or named as lost."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

import psycopg
import pytest

from bot.domain.errors import Failed, Rejected
from bot.dumpers import Tally
from bot.dumpers import postgresql as dumping
from bot.dumpers import postgresql_restore as restoring
from bot.store.embedded.server import binaries
from tests.dumpers.conftest import a_backup
from tests.guarded import USER, Guarded, guarded_postgres

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]
SCRATCH, ASIDE = "tocsin_drill_1_abcdef", "tocsin_before_1_abcdef"

PROPERTIES = f"""
COMMENT ON DATABASE orders IS 'it''s "ours"';
ALTER DATABASE orders CONNECTION LIMIT 17;
REVOKE ALL ON DATABASE orders FROM PUBLIC;
GRANT CONNECT ON DATABASE orders TO reader;
GRANT CONNECT, TEMPORARY ON DATABASE orders TO {USER} WITH GRANT OPTION;
ALTER DATABASE orders SET role TO app;
ALTER DATABASE orders SET search_path TO app, public, "Odd one";
ALTER DATABASE orders SET application_name TO 'it''s = odd, isn''t it';
ALTER ROLE {USER} IN DATABASE orders SET work_mem TO '7MB';
"""
FACTS = """
SELECT row(pg_get_userbyid(datdba), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) AS a), datconnlimit,
    shobj_description(d.oid, 'pg_database'),
    (SELECT array_agg(row(rolname, setconfig)::text ORDER BY rolname) FROM pg_db_role_setting
    LEFT JOIN pg_roles AS r ON r.oid = setrole WHERE setdatabase = d.oid))::text
FROM pg_database AS d WHERE datname = 'orders'
"""


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell(f"ALTER ROLE {USER} CREATEDB; CREATE ROLE app; CREATE ROLE reader; GRANT app TO {USER}")
        yield server


@pytest.fixture
def address(guarded: Guarded) -> Iterator[str]:
    """A database an application's role owns, with everything in it."""
    address = guarded.database("orders", rows=5)
    guarded.tell("ALTER DATABASE orders OWNER TO app")
    guarded.tell("ALTER TABLE orders OWNER TO app; CREATE SCHEMA app AUTHORIZATION app", address)
    for statement in PROPERTIES.strip().splitlines():
        guarded.tell(statement)
    yield address
    for name in (SCRATCH, ASIDE):
        guarded.tell(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def dumped(address: str) -> tuple[bytes, Mapping[str, Any]]:
    """The dump, and the properties kept beside it."""
    backup = a_backup(address)
    equipment = await dumping.equip(backup, TOOLS)
    return b"".join([piece async for piece in dumping.dump(backup, equipment, Tally())]), equipment.source


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


async def brought_back(address: str, content: bytes, source: Mapping[str, Any]) -> list[str]:
    """Restores it; returns what could not be restored."""
    backup = a_backup(address)
    await restoring.fill(backup, SCRATCH, pieces(content), await restoring.ready(backup, TOOLS, source), source)
    lost = await restoring.dress(backup, SCRATCH, source)
    await restoring.exchange(backup, SCRATCH, ASIDE, "orders")
    return list(lost)


@pytest.mark.parametrize("is_gone", [False, True])
async def test_every_property_of_a_database_is_restored_even_when_the_database_is_gone(
    guarded: Guarded, address: str, is_gone: bool
) -> None:
    before = guarded.ask(FACTS)
    content, source = await dumped(address)
    if is_gone:
        guarded.tell("DROP DATABASE orders WITH (FORCE)")
    assert await brought_back(address, content, source) == []
    assert guarded.ask(FACTS) == before
    assert guarded.ask("SELECT row(current_user, count(*))::text FROM orders", address) == "(app,5)"


async def test_properties_that_cannot_be_restored_are_named_without_their_values(
    guarded: Guarded, address: str
) -> None:
    guarded.tell("CREATE ROLE left_us")
    guarded.tell(
        "GRANT CONNECT ON DATABASE orders TO left_us; ALTER ROLE left_us IN DATABASE orders SET work_mem TO '7MB'"
    )
    guarded.tell("ALTER DATABASE orders SET log_statement TO 'all'")
    guarded.tell(
        "ALTER DATABASE orders SET app.key TO 's3cr3t'; ALTER ROLE app IN DATABASE orders SET work_mem TO '9MB'"
    )
    content, source = await dumped(address)
    gone = {**source, "properties": {**source["properties"], "tablespace": "fast"}}
    gone["properties"]["settings"] = [*gone["properties"]["settings"], [None, "DateStyle=s3cr3t"]]
    guarded.tell("DROP DATABASE orders WITH (FORCE)")
    guarded.tell("DROP ROLE left_us")

    lost = await brought_back(address, content, gone)
    assert [one.partition(" (")[0] for one in lost] == [
        "the tablespace fast", "CONNECT for left_us", "the setting log_statement", "the setting app.key",
        "the setting work_mem of the role app", "the setting work_mem of the role left_us", "the setting DateStyle",
    ]  # fmt: skip
    assert "s3cr3t" not in " ".join(lost)
    assert guarded.ask("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'orders'") == "app"


async def test_a_missing_owner_is_reported_with_what_to_do(guarded: Guarded, address: str) -> None:
    content, source = await dumped(address)
    guarded.tell("DROP DATABASE orders WITH (FORCE)")
    other = {**source, "properties": {**source["properties"], "owner": "gone"}}
    with pytest.raises(Rejected, match="gone is no role of its server: CREATE ROLE gone; GRANT gone TO keeper"):
        await brought_back(address, content, other)


async def test_missing_privileges_are_all_reported_at_once(guarded: Guarded, address: str) -> None:
    _, source = await dumped(address)
    guarded.tell(f"ALTER ROLE {USER} NOCREATEDB; REVOKE app FROM {USER}")
    try:
        with pytest.raises(Rejected) as raised:
            await restoring.ready(a_backup(address), TOOLS, {**source, "extensions": ["postgis"]})
        for grant in (f"ALTER ROLE {USER} CREATEDB", f"GRANT app TO {USER}", "the extension postgis"):
            assert grant in str(raised.value)
    finally:
        guarded.tell(f"ALTER ROLE {USER} CREATEDB; GRANT app TO {USER}")


# What an administrator has created in it, and how that is reported.
BEYOND = {
    "CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
    "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION heard()": "the event trigger watch",
    "CREATE PUBLICATION everything FOR ALL TABLES": "the publication of all tables everything",
    "CREATE FUNCTION g() RETURNS int LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'": "the function g in c",
    "CREATE OPERATOR FAMILY sorted USING btree": "the operator family sorted",
    "CREATE FUNCTION sealed() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1'": "the leakproof function sealed",
    "CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple)": "ALTER TEXT SEARCH DICTIONARY app.plain OWNER TO app",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO keeper": "the default privileges of postgres",
}


@pytest.mark.parametrize(("made", "said"), BEYOND.items(), ids=map(str, range(len(BEYOND))))
async def test_objects_only_an_administrator_can_recreate_are_named_before_anything_is_created(
    guarded: Guarded, address: str, made: str, said: str
) -> None:
    guarded.tell(f"SET ROLE NONE; {made}", address.replace(USER, "postgres"))
    _, source = await dumped(address)
    for known in (source, None):
        with pytest.raises(Rejected, match=said):
            await restoring.ready(a_backup(address), TOOLS, known)
    assert (await restoring.ready(a_backup(address.replace(USER, "postgres")), TOOLS, source)).tool


async def test_an_extension_missing_on_the_server_is_named_even_to_a_superuser(guarded: Guarded, address: str) -> None:
    """As with a backup from a machine with more packages than this one."""
    _, source = await dumped(address)
    assert source["installed"] == ["plpgsql"]
    for account in (USER, "postgres"):
        with pytest.raises(Rejected, match="the extension postgis_absent: install"):
            installed = {**source, "installed": ["plpgsql", "postgis_absent"]}
            await restoring.ready(a_backup(address.replace(USER, account)), TOOLS, installed)


async def test_a_collation_version_mismatch_is_reported_with_what_to_type_before_anything_is_created(
    guarded: Guarded, address: str
) -> None:
    """As after an operating system upgrade, when PostgreSQL refuses to create databases."""
    content, source = await dumped(address)
    guarded.tell("UPDATE pg_database SET datcollversion = '0' WHERE datname = 'template0'")
    try:
        with pytest.raises(Rejected) as refused:
            await restoring.ready(a_backup(address), TOOLS, source)
    finally:
        # Typed exactly as printed.
        guarded.tell("ALTER DATABASE template0 REFRESH COLLATION VERSION")
    assert "ALTER DATABASE template0 REFRESH COLLATION VERSION" in str(refused.value)
    await brought_back(address, content, source)


async def test_a_large_object_is_restored_and_an_unreadable_one_is_foreseen(guarded: Guarded, address: str) -> None:
    guarded.tell("SELECT lo_from_bytea(4711, 'signed')", address)
    content, source = await dumped(address)
    await brought_back(address, content, source)
    assert bytes(guarded.ask("SELECT lo_get(4711)", address)) == b"signed"
    assert await dumping.foreseen(a_backup(address)) == []

    guarded.tell("SET ROLE NONE; ALTER LARGE OBJECT 4711 OWNER TO postgres", address.replace(USER, "postgres"))
    (said,) = await dumping.foreseen(a_backup(address))
    advice = said.partition(": ")[2]
    with pytest.raises(Failed, match="permission denied for large object 4711"):
        await dumped(address)
    guarded.tell(f"SET ROLE NONE; {advice}", address.replace(USER, "postgres"))
    assert await dumping.foreseen(a_backup(address)) == [] and (await dumped(address))[0]


async def test_the_printed_grant_can_be_typed_whatever_the_roles_names(guarded: Guarded) -> None:
    account, owner = 'o\'Brien "x"', 'the "owner"; --'
    guarded.database("strangers")
    guarded.tell('DROP ROLE IF EXISTS "o\'Brien ""x""", "the ""owner""; --"')
    guarded.tell('CREATE ROLE "o\'Brien ""x""" LOGIN PASSWORD \'p\'; CREATE ROLE "the ""owner""; --"')
    backup = a_backup(guarded.address("strangers", user=account, password="p"))
    with pytest.raises(Rejected) as raised:
        await restoring.ready(backup, TOOLS, {"owners": [owner]})
    said = str(raised.value)
    advised = [f"ALTER{said.split('ALTER')[1].partition('; its account')[0]}"]
    advised += [f"GRANT{one.partition('; its account')[0]}" for one in said.split("GRANT")[1:]]
    assert len(advised) == 3, said
    for statement in advised:
        guarded.tell(statement)
    await restoring.ready(backup, TOOLS, {"owners": [owner]})


async def test_what_blocks_replacing_a_database_is_named_beforehand_and_at_the_exchange(
    guarded: Guarded, address: str
) -> None:
    content, _ = await dumped(address)
    await restoring.fill(a_backup(address), SCRATCH, pieces(content), await restoring.ready(a_backup(address), TOOLS))
    with psycopg.connect(guarded.address("orders", user="postgres"), autocommit=True) as administrator:
        administrator.execute("BEGIN")
        administrator.execute("INSERT INTO orders VALUES (1000, 'half done')")
        administrator.execute("PREPARE TRANSACTION 'half done'")
        try:
            blockers = (await restoring.prospect(a_backup(address))).blockers
            assert [one.partition(" (")[0] for one in blockers] == [
                "the prepared transaction half done", "a connection of postgres",
            ]  # fmt: skip
            with pytest.raises(Rejected, match="orders cannot be replaced: the prepared transaction half done"):
                await restoring.exchange(a_backup(address), SCRATCH, ASIDE, "orders")
        finally:
            administrator.execute("ROLLBACK PREPARED 'half done'")


async def test_a_subscription_that_is_not_restored_is_named(guarded: Guarded, address: str) -> None:
    guarded.tell(
        "SET ROLE none; CREATE SUBSCRIPTION news CONNECTION 'host=127.0.0.1' PUBLICATION p WITH (connect = false)",
        guarded.address("orders", user="postgres"),
    )
    try:
        _, source = await dumped(address)
        assert source["properties"]["subscriptions"] == ["news"]
    finally:
        guarded.tell(
            "SET ROLE none; ALTER SUBSCRIPTION news SET (slot_name = NONE); DROP SUBSCRIPTION news",
            guarded.address("orders", user="postgres"),
        )
    guarded.tell(f'CREATE DATABASE "{SCRATCH}"')
    guarded.tell("DROP DATABASE orders WITH (FORCE)")
    lost = await restoring.dress(a_backup(address.replace(USER, "postgres", 1)), SCRATCH, source)
    assert [one.partition(" (")[0] for one in lost] == ["the subscription news"]


@pytest.mark.parametrize("may_create", [True, False])
async def test_a_table_is_restored_to_an_owner_with_only_a_granted_create_privilege_on_its_schema(
    guarded: Guarded, address: str, may_create: bool
) -> None:
    """Or one revoked since: the account is no superuser, and a dump grants privileges after assigning owners."""
    guarded.tell("CREATE ROLE writer; GRANT writer TO app; GRANT writer TO " + USER)
    try:
        guarded.tell("GRANT CREATE ON SCHEMA public TO writer; ALTER TABLE orders OWNER TO writer", address)
        if not may_create:
            guarded.tell("REVOKE CREATE ON SCHEMA public FROM writer", address)
        content, source = await dumped(address)
        assert await brought_back(address, content, source) == []
        with psycopg.connect(address) as conn:
            (found,) = conn.execute(
                "SELECT row(pg_get_userbyid(relowner), has_schema_privilege('writer', 'public', 'CREATE'))::text "
                "FROM pg_class WHERE relname = 'orders'"
            ).fetchall()
        assert found == (f"(writer,{'t' if may_create else 'f'})",)
    finally:
        for name in ("orders", ASIDE, SCRATCH):
            guarded.tell(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        guarded.tell("DROP ROLE writer")
