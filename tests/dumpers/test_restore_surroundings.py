"""Settings of accounts, databases and servers, triggers and the like do not spoil a backup.

Where one of them prevents a backup or a restore, that is reported beforehand, with what to type.
"""

import re
from collections.abc import AsyncGenerator, Iterator

import psycopg
import pytest

from bot.domain.errors import Rejected
from bot.dumpers import Equipment, Tally
from bot.dumpers import postgresql as dumping
from bot.dumpers import postgresql_restore as restoring
from bot.dumpers._postgresql import connect
from bot.runbook.backups import PostgresqlBackup
from bot.store.embedded.server import binaries
from tests.dumpers.conftest import a_backup
from tests.servers import server_of

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]
SCRATCH, ASIDE = "tocsin_drill_1_abcdef", "tocsin_before_1_abcdef"

# Shows only one tenant's rows, even to the view's owner, whenever it is refreshed.
VEILED = """
CREATE TABLE notes (id int, tenant name); INSERT INTO notes VALUES (1, 'writer'), (2, 'app');
ALTER TABLE notes OWNER TO app; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; GRANT SELECT ON notes TO writer;
CREATE POLICY own ON notes TO writer USING (tenant = current_user);
CREATE MATERIALIZED VIEW mine AS SELECT * FROM notes; ALTER MATERIALIZED VIEW mine OWNER TO writer;
REFRESH MATERIALIZED VIEW mine
"""
# Logs changes; refreshing the view is one, too.
AUDITED = """
CREATE TABLE changes (what text);
CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.changes VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION audit();
CREATE MATERIALIZED VIEW many AS SELECT 1
"""
LOGINS = """
CREATE TABLE logins (who name);
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.logins VALUES (session_user);
    IF current_database() <> 'shop' THEN RAISE EXCEPTION 'only shop is open'; END IF; END $$;
CREATE EVENT TRIGGER note ON login EXECUTE FUNCTION note()
"""
# Matches better than PostgreSQL's own wherever the session's search_path contains `public`.
TRAP = """
CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'called by %', current_user; END $$;
ALTER FUNCTION public.format(text, name, name) OWNER TO app; ALTER DATABASE shop SET search_path TO public, pg_catalog
"""
# Finds `helper` only with `public` on the search_path, and is called while its table is filled, by the last statement.
PATHLESS = """
INSERT INTO orders VALUES (1);
CREATE FUNCTION helper(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION plain(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT helper($1)';
CREATE FUNCTION own(x int) RETURNS int LANGUAGE sql IMMUTABLE SET search_path = public AS 'SELECT helper($1)';
CREATE FUNCTION unused(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT helper($1)'
"""
CALLERS = (
    "ALTER TABLE orders ADD CONSTRAINT by_{0} CHECK ({0}(id) < 9)",
    "ALTER TABLE orders ADD by_{0} int GENERATED ALWAYS AS ({0}(id)) STORED",
    "CREATE MATERIALIZED VIEW by_{0} AS SELECT {0}(id) FROM orders",
    "CREATE INDEX by_{0} ON orders ({0}(id))",
    "CREATE DOMAIN by_{0} AS int CHECK ({0}(value) < 9); CREATE TABLE of_{0} AS SELECT 1::by_{0} AS a",
)


@pytest.fixture(scope="module", params=(14, 18))
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """The server's version, and the administrator's URL."""
    with server_of(request.param) as entrance:
        tell(entrance, "CREATE ROLE app; CREATE ROLE writer; CREATE ROLE keeper LOGIN CREATEDB")
        tell(entrance, "GRANT app, writer TO keeper; GRANT pg_read_all_data TO keeper")
        yield request.param, entrance


@pytest.fixture
def entrance(server: tuple[int, str]) -> Iterator[str]:
    """The administrator's URL of a server with an application's fresh database, `shop`."""
    _, entrance = server
    tell(entrance, "DROP DATABASE IF EXISTS shop WITH (FORCE)")
    tell(entrance, "CREATE DATABASE shop OWNER app")
    tell(into(entrance, "shop"), "CREATE TABLE orders (id int); ALTER TABLE orders OWNER TO app")
    yield entrance
    tell(entrance, "ALTER ROLE keeper RESET ALL")
    tell(entrance, "ALTER ROLE keeper CONNECTION LIMIT -1")
    for name in (SCRATCH, ASIDE):
        tell(entrance, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.parametrize("account", ["keeper", "postgres"])
async def test_a_materialized_view_over_row_security_is_restored_as_it_was(entrance: str, account: str) -> None:
    tell(into(entrance, "shop"), VEILED)
    await restored(kept(entrance, account))
    assert asked(into(entrance, SCRATCH), "SELECT id FROM mine") == [(1,)]
    assert asked(into(entrance, SCRATCH), "SELECT relrowsecurity FROM pg_class WHERE relname = 'notes'") == [(True,)]


@pytest.mark.parametrize("what", [AUDITED, LOGINS])
async def test_an_event_triggers_own_writes_are_not_added_to_the_restored_rows(
    server: tuple[int, str], entrance: str, what: str
) -> None:
    if what == LOGINS and server[0] < 17:
        pytest.skip("a server of this version has no triggers of logins")
    tell(into(entrance, "shop"), what)
    backup = kept(entrance, "postgres")
    dumped, found = await restored(backup)
    assert found == dumped
    assert await restoring.exchange(backup, SCRATCH, ASIDE, "shop")
    triggers = "SELECT evtenabled FROM pg_event_trigger"
    assert asked(into(entrance, "shop"), triggers) == [("O",)]
    settings = (
        "SELECT count(*) FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase WHERE datname = 'shop'"
    )
    assert asked(entrance, settings) == [(0,)]


async def test_functions_that_shadow_postgresqls_own_are_never_called(entrance: str) -> None:
    tell(into(entrance, "shop"), TRAP)
    backup = kept(entrance, "postgres")
    assert not await dumping.foreseen(backup)
    dumped, found = await restored(backup)
    assert dumped == found == {"public.orders": 0}


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_function_that_depends_on_the_search_path_is_reported_beforehand_with_what_to_type(
    server: tuple[int, str], entrance: str, caller: str
) -> None:
    """From version 17 on, servers don't create such an index or view in the first place."""
    if server[0] >= 17 and caller.split()[1] in ("INDEX", "MATERIALIZED"):
        pytest.skip("a server of this version does not make it in the first place")
    tell(into(entrance, "shop"), f"{PATHLESS}; {caller.format('own')}")
    assert not await restoring.foreseen(kept(entrance, "keeper"))
    tell(into(entrance, "shop"), caller.format("plain"))
    backup = kept(entrance, "keeper")
    with pytest.raises(Rejected, match="helper"):
        await restored(kept(entrance, "postgres"))
    tell(entrance, f"DROP DATABASE {SCRATCH}")
    [said] = await restoring.foreseen(backup)
    typed = re.search(r"ALTER FUNCTION public\.plain\(integer\) SET search_path FROM CURRENT", said)
    assert typed and "function helper(integer) does not exist" in said
    tell(into(entrance, "shop"), typed[0])
    assert not await restoring.foreseen(backup)
    await restored(kept(entrance, "postgres"))


async def test_a_replication_slot_left_with_the_replaced_database_is_named(entrance: str) -> None:
    slot = "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')"
    tell(into(entrance, "shop"), slot)
    try:
        backup = kept(entrance, "keeper")
        await restored(backup, dressed=False)
        [said] = await restoring.dress(backup, SCRATCH, {})
        assert "replication slot feed" in said
    finally:
        tell(entrance, "SELECT pg_drop_replication_slot('feed')")


async def test_an_invariant_is_queried_with_the_databases_search_path(entrance: str) -> None:
    tell(
        into(entrance, "shop"),
        "CREATE SCHEMA trade; CREATE TABLE trade.sales (); INSERT INTO trade.sales DEFAULT VALUES",
    )
    tell(entrance, "ALTER DATABASE shop SET search_path TO trade")
    backup = kept(entrance, "postgres")
    await restored(backup, dressed=False)
    assert await restoring.ask(backup, SCRATCH, "SELECT count(*) FROM sales") == 1


@pytest.mark.parametrize("scope", ["ROLE keeper", "DATABASE postgres", "ROLE keeper IN DATABASE postgres"])
async def test_a_read_only_account_is_reported_before_a_restore(entrance: str, scope: str) -> None:
    tell(entrance, f"ALTER {scope} SET default_transaction_read_only = on")
    with pytest.raises(Rejected) as refused:
        await restoring.ready(kept(entrance, "keeper"), TOOLS)
    typed = re.search(r"ALTER .*", str(refused.value))
    assert typed
    with psycopg.connect(entrance, autocommit=True) as conn:
        conn.execute("SET default_transaction_read_only = off")
        conn.execute(typed[0].encode())
    await restoring.ready(kept(entrance, "keeper"), TOOLS)


async def test_a_connection_limit_too_low_for_a_backup_is_reported_beforehand(entrance: str) -> None:
    tell(entrance, "ALTER ROLE keeper CONNECTION LIMIT 1")
    tell(entrance, "ALTER DATABASE shop CONNECTION LIMIT 1")
    backup = kept(entrance, "keeper")
    said = await dumping.foreseen(backup)
    assert len(said) == 2
    for sentence in said:
        tell(entrance, sentence.partition(": ")[2])
    assert not await dumping.foreseen(backup)
    await dumped_from(backup)


async def test_an_accounts_time_out_settings_do_not_end_our_work(entrance: str) -> None:
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"):
        tell(entrance, f"ALTER ROLE keeper SET {name} = '5s'")
    async with await connect(kept(entrance, "keeper")) as conn:
        found = await conn.execute(
            "SELECT DISTINCT setting FROM pg_settings WHERE name LIKE '%timeout' AND source = 'session'"
        )
        assert await found.fetchall() == [("0",)]


async def restored(backup: PostgresqlBackup, *, dressed: bool = True) -> tuple[dict[str, int], dict[str, int]]:
    """The row counts dumped, and those restored."""
    content, equipment, tally = await dumped_from(backup)
    ready = await restoring.ready(backup, TOOLS, equipment.source)
    await restoring.fill(backup, SCRATCH, in_pieces(content), ready, equipment.source)
    found = await restoring.counts(backup, SCRATCH)
    if dressed:
        assert not await restoring.dress(backup, SCRATCH, equipment.source)
    assert tally.counts is not None
    return dict(tally.counts), dict(found)


async def dumped_from(backup: PostgresqlBackup) -> tuple[bytes, Equipment, Tally]:
    equipment, tally = await dumping.equip(backup, TOOLS), Tally()
    return b"".join([piece async for piece in dumping.dump(backup, equipment, tally)]), equipment, tally


async def in_pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


def kept(entrance: str, account: str) -> PostgresqlBackup:
    return a_backup(into(entrance, "shop").replace("postgres@", f"{account}@"))


def into(entrance: str, database: str) -> str:
    return entrance.replace("/postgres?", f"/{database}?")


def tell(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute(statement.encode())


def asked(address: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(f"{address}&options=-c%20search_path%3Dpublic", autocommit=True) as conn:
        return conn.execute(question.encode()).fetchall()
