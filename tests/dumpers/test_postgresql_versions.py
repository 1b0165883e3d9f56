"""Backing up every supported server version, with whichever client programs the machine has."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.domain.errors import Rejected
from bot.dumpers import Tally, program_folders
from bot.dumpers import postgresql as dumping
from bot.dumpers import postgresql_restore as restoring
from bot.dumpers._postgresql_filling import Complaints
from bot.store.embedded.server import binaries
from tests.dumpers.conftest import a_backup
from tests.servers import SUPPORTED, programs_of, server_of

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]
SCRATCH = "tocsin_drill_1_abcdef"


@pytest.fixture(scope="module", params=SUPPORTED)
def shop(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """The version, and the URL of a database on a server of it."""
    with server_of(request.param) as entrance:
        address = entrance.replace("/postgres?", "/shop?")
        with psycopg.connect(entrance, autocommit=True) as conn:
            conn.execute("CREATE DATABASE shop")
        with psycopg.connect(address) as conn:
            conn.execute("CREATE TABLE orders (id bigserial PRIMARY KEY, note text UNIQUE)")
            conn.execute("INSERT INTO orders (note) SELECT md5(n::text) FROM generate_series(1, 500) AS n")
            conn.execute("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$")
        yield request.param, address


@pytest.fixture
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the machine's own client programs."""
    monkeypatch.setenv("PATH", str(tmp_path))


async def dumped(address: str, folders: list[Path]) -> tuple[bytes, Tally]:
    backup, tally = a_backup(address), Tally()
    equipment = await dumping.equip(backup, folders)
    return b"".join([piece async for piece in dumping.dump(backup, equipment, tally)]), tally


async def in_pieces(content: bytes, size: int = 4096) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def brought_back(address: str, content: bytes, folders: list[Path]) -> Any:
    backup = a_backup(address)
    equipment = await restoring.ready(backup, folders)
    try:
        await restoring.fill(backup, SCRATCH, in_pieces(content, 3), equipment)
        return await restoring.counts(backup, SCRATCH)
    finally:
        await restoring.drop(backup, SCRATCH)


@pytest.mark.usefixtures("nothing_else")
async def test_the_bundled_programs_dump_and_restore_every_server_version(shop: tuple[int, str]) -> None:
    _, address = shop
    content, tally = await dumped(address, TOOLS)
    assert tally.counts == {"public.orders": 500}
    assert await brought_back(address, content, TOOLS) == tally.counts


@pytest.mark.usefixtures("nothing_else")
async def test_a_database_owned_by_an_application_is_restored_by_an_account_that_is_a_member_of_its_role(
    shop: tuple[int, str],
) -> None:
    """Since version 15, the database owner owns the public schema: the scratch database needs its owner early."""
    _, entrance = shop
    keeper = entrance.replace("postgres@", "keeper@")
    with psycopg.connect(entrance, autocommit=True) as conn:
        conn.execute("CREATE ROLE app; CREATE ROLE keeper LOGIN CREATEDB; GRANT app TO keeper")
        conn.execute("ALTER DATABASE shop OWNER TO app")
        conn.execute("ALTER TABLE orders OWNER TO app; ALTER FUNCTION f OWNER TO app")
        conn.execute("ALTER DATABASE shop SET work_mem TO '7MB'; COMMENT ON DATABASE shop IS 'ours'")
    backup = a_backup(keeper)
    equipment = await dumping.equip(backup, TOOLS)
    content = b"".join([piece async for piece in dumping.dump(backup, equipment, Tally())])
    source = equipment.source
    try:
        ready = await restoring.ready(backup, TOOLS, source)
        await restoring.fill(backup, SCRATCH, in_pieces(content), ready, source)
        assert await restoring.dress(backup, SCRATCH, source) == []
        assert await restoring.counts(backup, SCRATCH) == {"public.orders": 500}
        with psycopg.connect(entrance) as conn:
            found = conn.execute(
                "SELECT pg_get_userbyid(datdba), shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = %s",
                [SCRATCH],
            )
            assert found.fetchone() == ("app", "ours")
    finally:
        await restoring.drop(backup, SCRATCH)


@pytest.mark.usefixtures("nothing_else")
async def test_programs_of_the_servers_version_are_preferred(shop: tuple[int, str]) -> None:
    major, address = shop
    own = programs_of(major)
    if not (own / "pg_dump").exists():
        pytest.skip(f"only the server of PostgreSQL {major} is on this machine, without its client programs")
    equipment = await dumping.equip(a_backup(address), [*TOOLS, own])
    assert equipment.tool.startswith(f"pg_dump {major}.")
    assert (await restoring.ready(a_backup(address), [*TOOLS, own])).tool.startswith(f"pg_restore {major}.")


@pytest.mark.usefixtures("nothing_else")
async def test_a_dump_by_newer_programs_is_still_read_by_these_after_older_ones_are_installed(
    shop: tuple[int, str],
) -> None:
    major, address = shop
    own = programs_of(major)
    content, tally = await dumped(address, TOOLS)
    assert await brought_back(address, content, [own, *TOOLS]) == tally.counts
    if major >= 17 or not (own / "pg_restore").exists():
        return
    with pytest.raises(Rejected, match=r"too old to read this dump: install .*version 17 or newer"):
        await dumping.inspect(in_pieces(content), [own])
    with pytest.raises(Rejected, match="too old to read this dump"):
        await brought_back(address, content, [own])


@pytest.mark.usefixtures("nothing_else")
async def test_the_first_error_ends_a_restore_with_postgresqls_message(
    shop: tuple[int, str],
) -> None:
    _, address = shop
    with psycopg.connect(address) as conn:
        conn.execute("CREATE ROLE passing")
        conn.execute("CREATE TABLE theirs (x int)")
        conn.execute("ALTER TABLE theirs OWNER TO passing")
    content, _ = await dumped(address, TOOLS)
    with psycopg.connect(address) as conn:
        conn.execute("DROP TABLE theirs")
        conn.execute("DROP ROLE passing")
    with pytest.raises(Rejected, match=r'pg_restore: .*role "passing" does not exist'):
        await brought_back(address, content, TOOLS)


def test_only_unknown_settings_are_ignored() -> None:
    heard = Complaints()
    for line in (
        "pg_restore: while INITIALIZING:",
        'pg_restore: error: could not execute query: FEHLER:  unbekannter Parameter "transaction_timeout"',
        "Command was: SET transaction_timeout = 0;",
        "pg_restore: creating TABLE",
        "pg_restore: warning: errors ignored on restore: 1",
    ):
        heard.hear(line)
    assert (heard.error, heard.forgiven, heard.ignored) == ("", 1, 1)


def test_a_multi_line_error_is_reported_whole_and_the_first_one_counts() -> None:
    heard = Complaints()
    for line in (
        "pg_restore: error: could not execute query: ERROR:  permission denied for schema public",
        "LINE 1: CREATE TABLE public.a (",
        "Command was: CREATE TABLE public.a (",
        "    SET x = 1",
        "pg_restore: error: something later",
    ):
        heard.hear(line)
    assert heard.error == (
        "could not execute query: ERROR:  permission denied for schema public LINE 1: CREATE TABLE public.a ("
    )


def test_an_error_message_contains_no_row_data() -> None:
    heard = Complaints()
    for line in (
        'pg_restore: error: could not execute query: FEHLER:  doppelter Wert verletzt Unique-Constraint "mails"',
        "DETAIL:  Schlüssel »(mail)=(ada@example.com",
        "and more of ada@example.com)« existiert bereits.",
        "HINT:  Look there.",
        "CONTEXT:  COPY people, Zeile 7: »1	ada@example.com«",
        'COPY people, line 1, column mail: "ada@example.com"',
        "Command was: ALTER TABLE",
    ):
        heard.hear(line)
    assert "ada" not in heard.error
    for kept in (
        "Unique-Constraint",
        "DETAIL:  Schlüssel",
        "HINT:  Look there.",
        "COPY people, Zeile 7",
        "column mail",
    ):
        assert kept in heard.error


def test_programs_of_every_version_are_found_where_the_system_installs_them() -> None:
    folders = program_folders(EMBEDDED)
    assert folders[0] == EMBEDDED
    assert set(Path("/usr/lib/postgresql").glob("*/bin")) <= set(folders)
