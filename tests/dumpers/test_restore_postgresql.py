"""PostgreSQL restored by its own programs: everything in it, beside the target, and into its place."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from bot.domain.errors import Failed, Rejected, Unreachable
from bot.dumpers import Tally
from bot.dumpers import postgresql as dumping
from bot.dumpers import postgresql_restore as restoring
from bot.dumpers._postgresql_filling import OPTIONS
from bot.store.embedded.server import binaries
from tests.dumpers.conftest import a_backup
from tests.guarded import PASSWORD, USER, Guarded, guarded_postgres

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]
SCRATCH, ASIDE = "tocsin_drill_1_abcdef", "tocsin_before_1_abcdef"
UNICODE = "ünï 🔔 ' \" \\ \t 日本"

# One of everything a restore could lose.
SHOP = f"""
CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
CREATE DOMAIN email AS text CHECK (value LIKE '%@%');
CREATE SEQUENCE tickets START 1000 INCREMENT 7;
CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mail email UNIQUE);
CREATE TABLE sales (
    id bigserial PRIMARY KEY, customer int NOT NULL REFERENCES customers ON DELETE CASCADE, state state DEFAULT 'new',
    amount numeric(12, 2) CHECK (amount >= 0), at timestamptz, tags text[], facts jsonb, raw bytea, span tstzrange,
    double_amount numeric GENERATED ALWAYS AS (amount * 2) STORED
);
CREATE INDEX sales_unpaid ON sales (at DESC) WHERE state = 'new';
CREATE INDEX sales_facts ON sales USING gin (facts);
CREATE TABLE parts (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE SCHEMA "Ünï schema";
CREATE TABLE "Ünï schema"."it's; DROP TABLE x" (note text);
CREATE VIEW paid AS SELECT * FROM sales WHERE state = 'paid';
CREATE FUNCTION louder(said text) RETURNS text LANGUAGE sql AS $$ SELECT upper(said) $$;
INSERT INTO customers (name, mail) SELECT 'Name ' || n, n || '@example.com' FROM generate_series(1, 50) AS n;
INSERT INTO sales (customer, state, amount, at, tags, facts, raw, span)
    SELECT n, (ARRAY['new', 'paid', 'sent'])[1 + n % 3]::state, n * 1.25,
        timestamptz '2026-03-29 01:30+00' + n * interval '1 h',
        ARRAY['a', NULL, 'c "d"'], jsonb_build_object('n', n, 'x', NULL),
        decode(md5(n::text), 'hex'),
        tstzrange(now(), NULL) FROM generate_series(1, 50) AS n;
INSERT INTO parts SELECT n, date '2026-01-01' + n FROM generate_series(1, 30) AS n;
INSERT INTO "Ünï schema"."it's; DROP TABLE x" VALUES ($${UNICODE}$$), (NULL), ('');
SELECT nextval('tickets'), nextval('tickets');
"""

# A database's definition apart from its rows, in a comparable form.
CATALOG = (
    "SELECT table_schema, table_name, column_name, data_type, udt_name, is_nullable, column_default, is_generated,"
    " identity_generation, numeric_precision, collation_name FROM information_schema.columns"
    " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, ordinal_position",
    "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace::regnamespace::text !~ '^(pg_|information)' ORDER BY 1, 2",
    "SELECT schemaname, sequencename, data_type::text, start_value, increment_by, last_value FROM pg_sequences"
    " ORDER BY 1, 2",
    "SELECT typname, enumlabel FROM pg_enum JOIN pg_type t ON t.oid = enumtypid ORDER BY 1, enumsortorder",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT tablename, tableowner FROM pg_tables WHERE schemaname !~ '^(pg_|information)' ORDER BY 1",
)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """A server whose account may create databases, as restoring requires."""
    with guarded_postgres() as server:
        server.tell(f"ALTER ROLE {USER} CREATEDB")
        yield server


async def dumped(address: str) -> bytes:
    backup = a_backup(address)
    return b"".join([piece async for piece in dumping.dump(backup, await dumping.equip(backup, TOOLS), Tally())])


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


async def filled(address: str, content: bytes, scratch: str = SCRATCH) -> None:
    backup = a_backup(address)
    await restoring.drop(backup, scratch)
    await restoring.fill(backup, scratch, pieces(content), await restoring.ready(backup, TOOLS))


def restorers_running() -> list[psutil.Process]:
    """Running pg_restores, except those only asked for their version; each may exit meanwhile."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.name() == "pg_restore" and "--version" not in child.cmdline():
                found.append(child)
    return found


def everything(address: str) -> dict[str, list[Any]]:
    """Every row of every table, and the definitions."""
    with psycopg.connect(address) as conn:
        tables = conn.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'")
        shown = {question: conn.execute(question.encode()).fetchall() for question in CATALOG}
        for schema, table in tables.fetchall():
            query = SQL("SELECT t::text FROM {}.{} AS t ORDER BY 1").format(Identifier(schema), Identifier(table))
            shown[f"{schema}.{table}"] = conn.execute(query).fetchall()
    return shown


async def test_a_restored_database_has_the_same_rows_and_definitions(guarded: Guarded) -> None:
    source = guarded.database("shop", rows=20)
    guarded.tell(SHOP, source)
    await filled(source, await dumped(source))

    was, came_back = everything(source), everything(guarded.address(SCRATCH))
    assert len(was) > 10
    for part, rows in was.items():
        assert came_back[part] == rows, part
    assert came_back.keys() == was.keys()
    assert guarded.ask("SELECT nextval('tickets')", guarded.address(SCRATCH)) == 1014
    assert guarded.ask('SELECT max(note) FROM "Ünï schema"."it\'s; DROP TABLE x"', guarded.address(SCRATCH)) == UNICODE


async def test_rows_are_counted_in_every_table_and_partition(guarded: Guarded) -> None:
    source = guarded.database("shop", rows=20)
    guarded.tell(SHOP, source)

    assert await restoring.counts(a_backup(source)) == {
        "public.customers": 50, "public.orders": 20, "public.parts_2026": 30, "public.sales": 50,
        '"Ünï schema"."it\'s; DROP TABLE x"': 3,
    }  # fmt: skip


async def test_rows_hidden_by_forced_row_security_are_never_silently_uncounted(guarded: Guarded) -> None:
    """Neither by us nor by an invariant: an account that would see only some is refused before anything is made."""
    source = guarded.database("shop", rows=20)
    guarded.tell("ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY", source)
    backup = a_backup(source)
    hidden = 'row-level security policy for table "orders"'
    with pytest.raises(Rejected, match=hidden):
        await restoring.counts(backup)
    with pytest.raises(Rejected, match=hidden):
        await restoring.ask(backup, "shop", "SELECT count(*) FROM orders")
    with pytest.raises(Rejected, match=r"only some rows of public\.orders: ALTER ROLE keeper BYPASSRLS"):
        await restoring.ready(backup, TOOLS)
    try:
        guarded.tell("ALTER ROLE keeper BYPASSRLS")
        await restoring.ready(backup, TOOLS)
        await filled(source, await dumped(source))
        assert await restoring.counts(backup, SCRATCH) == {"public.orders": 20}
    finally:
        guarded.tell("ALTER ROLE keeper NOBYPASSRLS")


async def test_a_scratch_database_has_its_targets_encoding_and_locale(guarded: Guarded) -> None:
    address = guarded.database("latin")
    guarded.tell('DROP DATABASE "latin" WITH (FORCE)')
    guarded.tell(
        f"CREATE DATABASE latin OWNER {USER} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc"
    )
    guarded.tell("CREATE TABLE orders AS SELECT 'f' || chr(252) || 'r' AS note", address)
    await filled(address, await dumped(address))

    kind = "SELECT row(encoding, datcollate, datctype, datlocprovider)::text FROM pg_database WHERE datname = "
    assert guarded.ask(f"{kind} '{SCRATCH}'") == guarded.ask(f"{kind} 'latin'")
    assert guarded.ask("SELECT note FROM orders", guarded.address(SCRATCH)) == "für"


async def test_the_restored_database_takes_the_targets_place_with_its_owner_privileges_and_settings(
    guarded: Guarded,
) -> None:
    address = guarded.database("orders", rows=5)
    content = await dumped(address)
    guarded.tell("DROP ROLE IF EXISTS reader; CREATE ROLE reader")
    guarded.tell("REVOKE ALL ON DATABASE orders FROM PUBLIC; GRANT CONNECT ON DATABASE orders TO reader")
    guarded.tell("ALTER DATABASE orders SET search_path TO app, public; ALTER DATABASE orders CONNECTION LIMIT 17")
    guarded.tell(f"ALTER ROLE {USER} IN DATABASE orders SET work_mem TO '7MB'")
    facts = (
        "SELECT row(pg_get_userbyid(datdba), datacl, datconnlimit, (SELECT array_agg(setconfig ORDER BY setrole) FROM"
        " pg_db_role_setting WHERE setdatabase = d.oid))::text FROM pg_database d WHERE datname = '%s'"
    )
    guarded.tell("DELETE FROM orders WHERE id > 2", address)
    await filled(address, content)

    guarded.tell(f"CREATE ROLE seller; GRANT seller TO {USER}; ALTER DATABASE orders OWNER TO seller")
    before = guarded.ask(facts % "orders")
    assert not await restoring.dress(a_backup(address), SCRATCH, {})
    with psycopg.connect(address) as somebody:
        assert await restoring.exchange(a_backup(address), SCRATCH, ASIDE, "orders")
        with pytest.raises(psycopg.OperationalError):
            somebody.execute("SELECT 1")

    assert guarded.ask("SELECT count(*) FROM orders", address) == 5
    assert guarded.ask("SELECT count(*) FROM orders", guarded.address(ASIDE)) == 2, "there is a way back"
    assert guarded.ask(facts % "orders") == before
    guarded.tell(f'DROP DATABASE "{ASIDE}"')


async def test_a_restored_database_is_put_in_place_even_when_the_target_is_gone(guarded: Guarded) -> None:
    address = guarded.database("orders", rows=5)
    content = await dumped(address)
    guarded.tell("DROP DATABASE orders")
    assert not await restoring.exists(a_backup(address), "orders")
    await filled(address, content)

    assert not await restoring.exchange(a_backup(address), SCRATCH, ASIDE, "orders")
    assert guarded.ask("SELECT count(*) FROM orders", address) == 5
    assert not await restoring.exists(a_backup(address), ASIDE)


async def test_an_exchange_that_cannot_complete_changes_nothing(guarded: Guarded) -> None:
    address = guarded.database("orders", rows=5)
    with pytest.raises(Rejected, match="does not exist"):
        await restoring.exchange(a_backup(address), "tocsin_drill_that_is_not_there", ASIDE, "orders")
    assert guarded.ask("SELECT count(*) FROM orders", address) == 5

    await filled(address, await dumped(address))
    administrator = guarded.address("orders", user="postgres")
    with psycopg.connect(administrator), pytest.raises(Rejected, match="a connection of postgres"):
        await restoring.exchange(a_backup(address), SCRATCH, ASIDE, "orders")
    assert guarded.ask("SELECT count(*) FROM orders", address) == 5
    assert await restoring.exists(a_backup(address), SCRATCH)


@pytest.mark.parametrize(
    "name", ["--help", "x; drop", "a b", "ünï", "dbname=postgres", "it's", 'say "x"', "$(touch x)"]
)
async def test_a_database_name_is_never_parsed_as_anything_else(guarded: Guarded, name: str) -> None:
    address = guarded.database(name, rows=3)
    await filled(address, await dumped(address))
    assert await restoring.exchange(a_backup(address), SCRATCH, ASIDE, name)
    assert guarded.ask("SELECT count(*) FROM orders", address) == 3
    guarded.tell(f'DROP DATABASE "{ASIDE}"')


async def test_a_query_of_an_invariant_cannot_change_anything(guarded: Guarded) -> None:
    address = guarded.database("orders", rows=5)
    backup = a_backup(address)
    assert await restoring.ask(backup, "orders", "SELECT count(*) FROM orders") == 5
    assert await restoring.ask(backup, "orders", "SELECT note FROM orders WHERE id = 9") is None
    for question in ("DELETE FROM orders RETURNING id", "ROLLBACK; DELETE FROM orders", "SELECT 1; SELECT 2"):
        with pytest.raises(Rejected):
            await restoring.ask(backup, "orders", question)
    with pytest.raises(Rejected, match='relation "nothing" does not exist'):
        await restoring.ask(backup, "orders", "SELECT count(*) FROM nothing")
    assert guarded.ask("SELECT count(*) FROM orders", address) == 5


async def test_a_truncated_backup_is_not_restored(guarded: Guarded) -> None:
    address = guarded.database("orders", rows=20_000)
    content = await dumped(address)
    with pytest.raises(Rejected, match="pg_restore: "):
        await filled(address, content[: len(content) // 2])


async def test_a_read_error_leaves_no_program_running(guarded: Guarded) -> None:
    address = guarded.database("orders", rows=20_000)
    content = await dumped(address)

    async def broken() -> AsyncGenerator[bytes, None]:
        yield content[: len(content) // 2]
        raise Unreachable("the disk does not answer")

    backup = a_backup(address)
    await restoring.drop(backup, SCRATCH)
    with pytest.raises(Failed, match="the disk does not answer"):
        await restoring.fill(backup, SCRATCH, broken(), await restoring.ready(backup, TOOLS))
    assert not restorers_running()


async def test_the_password_is_not_in_any_programs_arguments(guarded: Guarded) -> None:
    """Inspected while pg_restore waits for input."""
    address = guarded.database()
    content = await dumped(address)
    enough = asyncio.Event()

    async def slow() -> AsyncGenerator[bytes, None]:
        yield content[:100]
        await enough.wait()
        yield content[100:]

    backup = a_backup(address)
    await restoring.drop(backup, SCRATCH)
    filling = asyncio.create_task(restoring.fill(backup, SCRATCH, slow(), await restoring.ready(backup, TOOLS)))
    while not (running := restorers_running()):
        assert not filling.done()
        await asyncio.sleep(0.01)
    arguments = [argument for one in running for argument in one.cmdline()]
    enough.set()
    await filling
    assert PASSWORD not in " ".join(arguments)
    assert arguments[1:] == [*OPTIONS, f"--dbname={SCRATCH}"]


async def test_an_account_that_may_not_create_databases_is_told_what_it_lacks(guarded: Guarded) -> None:
    address = guarded.database()
    guarded.tell(f"ALTER ROLE {USER} NOCREATEDB")
    try:
        with pytest.raises(Rejected, match=f"its account {USER} may not create databases.*ALTER ROLE {USER} CREATEDB"):
            await restoring.ready(a_backup(address), TOOLS)
    finally:
        guarded.tell(f"ALTER ROLE {USER} CREATEDB")


async def test_a_missing_program_is_reported_with_how_to_install_it(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Rejected, match=r"pg_restore is not installed: install .* version 18 or newer"):
        await restoring.ready(a_backup(guarded.database()), [])


async def test_a_wrong_password_is_reported_without_quoting_it(guarded: Guarded) -> None:
    guarded.database()
    with pytest.raises(Unreachable, match="password authentication failed") as raised:
        await restoring.ready(a_backup(guarded.address("orders", password="hunter2-wrong")), TOOLS)
    assert "hunter2" not in str(raised.value)


async def test_only_our_own_databases_are_dropped(guarded: Guarded) -> None:
    address = guarded.database("orders", rows=5)
    with pytest.raises(Rejected, match="none of Tocsin's own"):
        await restoring.drop(a_backup(address), "orders")
    assert guarded.ask("SELECT count(*) FROM orders", address) == 5


async def test_a_subscription_is_not_restored_and_an_existing_one_blocks_no_scratch_database(guarded: Guarded) -> None:
    address = guarded.database(rows=3)
    admin = guarded.address("orders").replace("keeper", "postgres")
    subscribe = "CREATE SUBSCRIPTION {} CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)"
    guarded.tell(subscribe.format("feed"), admin)
    backup = a_backup(admin)
    equipment = await restoring.ready(backup, TOOLS)
    content = b"".join([piece async for piece in dumping.dump(backup, await dumping.equip(backup, TOOLS), Tally())])
    try:
        await restoring.drop(backup, SCRATCH)
        await restoring.fill(backup, SCRATCH, pieces(content), equipment)
        scratch = admin.replace("/orders?", f"/{SCRATCH}?")
        mine = "SELECT count(*) FROM pg_subscription JOIN pg_database ON subdbid = pg_database.oid WHERE datname = {}"
        assert guarded.ask(mine.format(f"'{SCRATCH}'")) == 0

        guarded.tell(subscribe.format("orphan"), scratch)
        await restoring.drop(backup, SCRATCH)
        assert not await restoring.exists(backup, SCRATCH)
    finally:
        for step in ("DISABLE", "SET (slot_name = NONE)"):
            guarded.tell(f"ALTER SUBSCRIPTION feed {step}", admin)
        guarded.tell("DROP SUBSCRIPTION feed", admin)
    assert guarded.ask("SELECT count(*) FROM orders", address) == 3


async def test_subscriptions_of_the_replaced_database_are_disabled_or_the_restore_is_refused_first(
    guarded: Guarded,
) -> None:
    keeper = a_backup(guarded.database(rows=3))
    admin = guarded.address("orders").replace("keeper", "postgres")
    subscribe = "CREATE SUBSCRIPTION \"the feed\" CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)"
    enabled = "SELECT count(*) FROM pg_subscription WHERE subenabled"
    kept = admin.replace("/orders?", f"/{ASIDE}?")
    guarded.tell(subscribe, admin)
    try:
        guarded.tell('ALTER SUBSCRIPTION "the feed" ENABLE', admin)
        guarded.tell(f'CREATE DATABASE "{SCRATCH}" OWNER keeper')
        blockers = " ".join((await restoring.prospect(keeper)).blockers)
        assert 'the subscription "the feed"' in blockers and "postgres" in blockers
        assert guarded.ask(enabled) == 1

        assert (await restoring.prospect(a_backup(admin))).blockers == []
        assert await restoring.exchange(a_backup(admin), SCRATCH, ASIDE, "orders")
        assert guarded.ask(enabled) == 0
        assert guarded.ask("SELECT count(*) FROM pg_subscription") == 1
    finally:
        inside = kept if guarded.ask(f"SELECT count(*) FROM pg_database WHERE datname = '{ASIDE}'") else admin
        for step in ("ALTER {} DISABLE", "ALTER {} SET (slot_name = NONE)", "DROP {}"):
            guarded.tell(step.format('SUBSCRIPTION "the feed"'), inside)
        for name in (ASIDE, SCRATCH):
            guarded.tell(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def test_a_server_lost_during_a_dump_or_restore_is_reported_as_such(guarded: Guarded) -> None:
    backup = a_backup(guarded.database(rows=20_000))
    equipment, dumper = await restoring.ready(backup, TOOLS), await dumping.equip(backup, TOOLS)
    content = b"".join([piece async for piece in dumping.dump(backup, dumper, Tally())])

    async def cut() -> AsyncGenerator[bytes, None]:
        yield content[: len(content) // 2]
        await asyncio.to_thread(_end_connection, guarded, "pg_restore", "ClientRead")
        yield content[len(content) // 2 :]

    try:
        with pytest.raises(Unreachable, match=r"the server ended the connection .*look into its log.*pg_restore: "):
            await restoring.fill(backup, SCRATCH, cut(), equipment)
    finally:
        await restoring.drop(backup, SCRATCH)

    # In an open transaction, so that pg_dump waits for it.
    with psycopg.connect(backup.target.reveal()) as holding:
        holding.execute("LOCK orders")
        dump = asyncio.ensure_future(anext(dumping.dump(backup, dumper, Tally())))
        await asyncio.to_thread(_end_connection, guarded, "pg_dump", "relation")
        with pytest.raises(Unreachable, match=r"the server ended the connection .*pg_dump: "):
            await dump


def _end_connection(guarded: Guarded, program: str, waits_for: str) -> None:
    """Terminates the connection as soon as it exists and waits for this lock."""
    ended = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        f"WHERE application_name = '{program}' AND query ~ 'COPY|LOCK' AND wait_event = '{waits_for}'"
    )
    while not guarded.ask(ended):
        pass
