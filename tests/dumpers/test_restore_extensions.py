"""An extension's tables may hold user rows, which a dump contains and a restore puts into the recreated extension.

The extensions here are made for this test; anybody may install one that the server trusts.
"""

from collections.abc import AsyncGenerator, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from bot.domain.backups.backup import difference
from bot.domain.errors import Rejected
from bot.dumpers import Tally
from bot.dumpers import postgresql as dumping
from bot.dumpers import postgresql_restore as restoring
from bot.store.embedded.server import binaries
from bot.store.embedded.throwaway import quickest_place
from tests.dumpers.conftest import a_backup
from tests.servers import server_of

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]
SCRATCH = "tocsin_drill_1_abcdef"
CONTROL = "default_version = '1.0'\nschema = jobs\ntrusted = true\n"
SCRIPT = """
CREATE TABLE jobs.job (id serial PRIMARY KEY, name text, is_builtin bool DEFAULT false);
INSERT INTO jobs.job (name, is_builtin) VALUES ('tidy', true);
CREATE INDEX ON jobs.job (name);
SELECT pg_catalog.pg_extension_config_dump('jobs.job', 'WHERE NOT is_builtin');
SELECT pg_catalog.pg_extension_config_dump('jobs.job_id_seq', '');
"""
OPEN = "GRANT SELECT, INSERT ON jobs.job TO @extowner@; GRANT USAGE, UPDATE ON jobs.job_id_seq TO @extowner@;"
JOBS = "SELECT id, name, is_builtin FROM jobs.job ORDER BY id"


@pytest.fixture(scope="module")
def entrance() -> Iterator[str]:
    """The administrator's URL of a server with the extensions `closed` and `open`; `open` lets its creator write."""
    home = quickest_place() / f"tocsin-extensions-{uuid4().hex[:8]}"
    (home / "extension").mkdir(parents=True)
    home.chmod(0o755)
    for name, more in (("closed", ""), ("open", OPEN)):
        (home / "extension" / f"{name}.control").write_text(CONTROL)
        (home / "extension" / f"{name}--1.0.sql").write_text(SCRIPT + more)
    with server_of(18) as address:
        tell(address, f"ALTER SYSTEM SET extension_control_path = '$system:{home}'")
        tell(address, "SELECT pg_reload_conf()")
        tell(address, "CREATE ROLE app; CREATE ROLE keeper LOGIN CREATEDB IN ROLE app, pg_read_all_data")
        yield address
    for file in sorted(home.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    home.rmdir()


@pytest.fixture(params=["closed", "open"])
def shop(request: pytest.FixtureRequest, entrance: str) -> Iterator[tuple[str, str]]:
    """The extension in an application's database, and that database's URL for the administrator."""
    tell(entrance, "CREATE DATABASE shop OWNER app")
    address = entrance.replace("/postgres?", "/shop?")
    tell(address, f"SET ROLE app; CREATE EXTENSION {request.param}; CREATE TABLE orders (id int)")
    tell(address, "INSERT INTO jobs.job (name) SELECT 'job ' || n FROM generate_series(1, 7) AS n")
    yield request.param, address
    tell(entrance, f"DROP DATABASE IF EXISTS {SCRATCH}")
    tell(entrance, "DROP DATABASE shop")


@pytest.mark.parametrize("account", ["keeper", "postgres"])
async def test_user_rows_in_an_extensions_tables_are_restored_or_the_failure_is_foreseen(
    shop: tuple[str, str], account: str
) -> None:
    extension, address = shop
    backup = a_backup(address.replace("postgres@", f"{account}@"))
    tally = Tally()
    equipment = await dumping.equip(backup, TOOLS)
    dump = b"".join([piece async for piece in dumping.dump(backup, equipment, tally)])
    source = equipment.source
    assert difference(tally.counts or {}, await dumping.count(content(dump), TOOLS)) == ""
    if account == "keeper" and extension == "closed":
        with pytest.raises(Rejected) as refused:
            await restoring.ready(backup, TOOLS)
        assert "only a superuser can bring back the rows of jobs.job of the extension closed" in str(refused.value)
        assert "belongs to the superuser" not in str(refused.value), "all that it has made is made again with it"
        return
    await restoring.fill(backup, SCRATCH, content(dump), await restoring.ready(backup, TOOLS, source), source)
    assert difference(tally.counts or {}, await restoring.counts(backup, SCRATCH)) == ""
    restored = address.replace("/shop?", f"/{SCRATCH}?")
    for question in (JOBS, "SELECT last_value FROM jobs.job_id_seq"):
        assert asked(restored, question) == asked(address, question)


def tell(address: str, statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        for statement in statements.split("; "):
            conn.execute(statement.encode())


def asked(address: str, question: str) -> list[Any]:
    with psycopg.connect(address) as conn:
        return conn.execute(question.encode()).fetchall()


async def content(dump: bytes) -> AsyncGenerator[bytes]:
    yield dump
