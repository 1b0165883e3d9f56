"""PostgreSQL's own programs: choosing versions, hiding the password, and believing their errors."""

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import psutil
import psycopg
import pytest

from bot.domain.backups.backup import Damaged
from bot.domain.errors import Failed, Rejected, Unreachable
from bot.dumpers import Tally
from bot.dumpers import postgresql as pg
from bot.dumpers._postgresql import environment_for
from bot.store.embedded.server import binaries
from tests.dumpers.conftest import a_backup
from tests.dumpers.programs import running
from tests.guarded import PASSWORD, Guarded

EMBEDDED = binaries()
assert EMBEDDED is not None
TOOLS = [EMBEDDED]


async def dumped(address: str, **facts: str) -> bytes:
    backup = a_backup(address, **facts)
    return b"".join([piece async for piece in pg.dump(backup, await pg.equip(backup, TOOLS), Tally())])


async def one_piece(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


def a_program(folder: Path, name: str, said: str) -> Path:
    """A program that prints this as its version."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    return folder


async def test_a_dump_holds_the_whole_database(guarded: Guarded, tmp_path: Path) -> None:
    """Restored with pg_restore into another database, every row is there."""
    source, target = guarded.database("orders", rows=5000), guarded.database("empty", rows=0)
    file = tmp_path / "orders.dump"
    file.write_bytes(await dumped(source))

    guarded.tell("DROP TABLE orders", target)
    restore = await asyncio.create_subprocess_exec(TOOLS[0] / "pg_restore", "--no-owner", "-d", target, str(file))
    assert await restore.wait() == 0
    checksum = "SELECT md5(string_agg(id || note, ',' ORDER BY id)) FROM orders"
    assert guarded.ask(checksum, target) == guarded.ask(checksum, source)


@pytest.mark.parametrize(
    "name", ["--help", "x; drop", "a b", "ünï", "dbname=postgres", "it's", "$(touch x)", "postgresql://x"]
)
async def test_a_database_name_is_never_parsed_as_anything_else(guarded: Guarded, name: str) -> None:
    content = await dumped(guarded.database(name, rows=3))
    await pg.inspect(one_piece(content), TOOLS)


async def test_the_runbook_may_name_another_database_than_the_url(guarded: Guarded) -> None:
    guarded.database("--other", rows=3)
    content = await dumped(guarded.address("postgres"), database="--other")
    assert b"orders" in content


async def test_the_password_is_not_in_any_programs_arguments(guarded: Guarded) -> None:
    """Inspected while pg_dump waits for a locked table."""
    address = guarded.database()
    backup = a_backup(address)
    equipment = await pg.equip(backup, TOOLS)
    with psycopg.connect(address) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        dump = pg.dump(backup, equipment, Tally())
        first = asyncio.create_task(anext(dump))
        try:
            arguments = await _arguments_of_pg_dump(guarded)
        finally:
            first.cancel()
            await asyncio.wait([first])
            await dump.aclose()
    assert PASSWORD not in " ".join(arguments)
    assert "orders" not in arguments


async def _arguments_of_pg_dump(guarded: Guarded) -> list[str]:
    while not guarded.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        await asyncio.to_thread(lambda: None)
    # Other children come and go meanwhile, and may exit while being asked for their name.
    found = [child.info for child in psutil.process_iter(["name", "ppid", "cmdline"])]
    return [
        argument
        for one in found
        if one["name"] == "pg_dump" and one["ppid"] == os.getpid()
        for argument in one["cmdline"]
    ]


async def test_a_cancelled_dump_leaves_no_program_running(guarded: Guarded) -> None:
    backup = a_backup(guarded.database(rows=200_000))
    dump = pg.dump(backup, await pg.equip(backup, TOOLS), Tally())
    await anext(dump)
    await dump.aclose()

    assert not running("pg_dump")


async def test_a_dump_that_fails_half_way_says_why(guarded: Guarded) -> None:
    """The account lacks permission for one of the tables."""
    address = guarded.database(rows=3)
    admin = guarded.address("orders").replace("keeper", "postgres")
    guarded.tell("CREATE TABLE hidden (x int)", admin)

    with pytest.raises(Unreachable, match="permission denied for table hidden"):
        await dumped(address)


async def test_problems_that_would_fail_a_nightly_dump_are_foreseen(guarded: Guarded) -> None:
    backup = a_backup(guarded.database())
    assert not await pg.foreseen(backup)
    admin = guarded.address("orders").replace("keeper", "postgres")
    guarded.tell("CREATE TABLE hidden (x serial)", admin)
    guarded.tell("CREATE TABLE veiled (x int); GRANT SELECT ON veiled TO keeper", admin)
    guarded.tell("ALTER TABLE veiled ENABLE ROW LEVEL SECURITY", admin)

    assert list(await pg.foreseen(backup)) == [
        "its account keeper may not read public.hidden and 1 more: GRANT pg_read_all_data TO keeper",
        "its account keeper sees only some rows of public.veiled: ALTER ROLE keeper BYPASSRLS",
    ]


async def test_problems_in_an_extensions_configuration_tables_are_foreseen_too(guarded: Guarded) -> None:
    """Only its configuration tables are dumped; the rest comes with the extension."""
    backup = a_backup(guarded.database())
    admin = guarded.address("orders").replace("keeper", "postgres")
    guarded.tell("DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql; CREATE SCHEMA cron", admin)
    guarded.tell(
        "CREATE TABLE cron.job (x int); CREATE TABLE cron.setting (x int); CREATE TABLE cron.run (x int)", admin
    )
    guarded.tell("GRANT USAGE ON SCHEMA cron TO keeper; GRANT SELECT ON cron.job TO keeper", admin)
    guarded.tell("ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY", admin)
    for table in ("job", "setting", "run"):
        guarded.tell(f"ALTER EXTENSION plpgsql ADD TABLE cron.{table}", admin)
    guarded.tell("SET allow_system_table_mods = on; UPDATE pg_extension SET extcondition = '{\"\",WHERE x > 1}',"
                 "extconfig = ARRAY['cron.job'::regclass, 'cron.setting'::regclass]::oid[] WHERE extname = 'plpgsql'",
                 admin)  # fmt: skip
    account = "its account keeper"
    assert list(await pg.foreseen(backup)) == [
        f"{account} may not read cron.setting of the extension plpgsql: GRANT pg_read_all_data TO keeper",
        f"{account} sees only some rows of cron.job of the extension plpgsql: ALTER ROLE keeper BYPASSRLS",
    ]
    with pytest.raises(Unreachable, match=r"\"(job|setting)\"|table setting"):
        await dumped(backup.target.reveal())
    try:
        guarded.tell("GRANT pg_read_all_data TO keeper; ALTER ROLE keeper BYPASSRLS")
        assert not await pg.foreseen(backup) and await dumped(backup.target.reveal())
    finally:
        guarded.tell("REVOKE pg_read_all_data FROM keeper; ALTER ROLE keeper NOBYPASSRLS")


async def test_the_owning_role_is_offered_as_a_fix_unless_row_security_binds_owners_too(guarded: Guarded) -> None:
    backup = a_backup(guarded.database())
    admin = guarded.address("orders").replace("keeper", "postgres")
    guarded.tell("CREATE ROLE seller; CREATE TABLE sold (x int); ALTER TABLE sold OWNER TO seller", admin)
    guarded.tell("GRANT SELECT ON sold TO keeper; ALTER TABLE sold ENABLE ROW LEVEL SECURITY", admin)
    try:
        said = "its account keeper sees only some rows of public.sold: ALTER ROLE keeper BYPASSRLS"
        assert list(await pg.foreseen(backup)) == [f"{said}, or GRANT seller TO keeper"]
        guarded.tell("GRANT seller TO keeper", admin)
        assert not await pg.foreseen(backup)
        guarded.tell("ALTER TABLE sold FORCE ROW LEVEL SECURITY", admin)
        assert list(await pg.foreseen(backup)) == [said]
    finally:
        guarded.tell("DROP TABLE sold; DROP ROLE seller", admin)


async def test_postgresqls_error_is_reported_in_full_with_the_table(guarded: Guarded) -> None:
    """For a table with a policy, and for an unreadable page."""
    address = guarded.database(rows=3)
    admin = guarded.address("orders").replace("keeper", "postgres")
    guarded.tell("CREATE TABLE ill (x int); GRANT SELECT ON ill TO keeper; INSERT INTO ill VALUES (1)", admin)
    guarded.tell("ALTER TABLE ill ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON ill USING (false)", admin)
    with pytest.raises(Unreachable, match=r"pg_dump: .*row-level security policy for table \"ill\".*COPY public\.ill"):
        await dumped(address)


async def test_a_wrong_password_is_reported_without_quoting_it(guarded: Guarded) -> None:
    guarded.database()
    with pytest.raises(Unreachable, match="password authentication failed") as raised:
        await pg.equip(a_backup(guarded.address("orders", password="hunter2-wrong")), TOOLS)
    assert "hunter2" not in str(raised.value)


async def test_a_missing_database_is_named(guarded: Guarded) -> None:
    with pytest.raises(Unreachable, match='database "nowhere" does not exist'):
        await pg.equip(a_backup(guarded.address("nowhere")), TOOLS)


async def test_an_unreachable_server_is_reported(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match=r"(?i)connection refused"):
        await pg.equip(a_backup(f"postgresql://keeper:pw@127.0.0.1:{unused_tcp_port}/orders"), TOOLS)


async def test_missing_programs_are_reported_with_how_to_install_them(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Rejected, match=r"pg_dump is not installed: install .* version 18 or newer .*apt install"):
        await pg.equip(a_backup(guarded.database()), [])
    with pytest.raises(Rejected, match="pg_restore is not installed"):
        await pg.inspect(one_piece(b"PGDMP"), [])


async def test_programs_older_than_the_server_are_detected_and_not_used(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = a_program(tmp_path / "old", "pg_dump", "pg_dump (PostgreSQL) 9.6.24")
    monkeypatch.setenv("PATH", str(old))
    backup = a_backup(guarded.database())

    with pytest.raises(Rejected, match=r"pg_dump 9\.6\.24 cannot dump a PostgreSQL 18\.\d+: install .*version 18"):
        await pg.equip(backup, [])
    assert (await pg.equip(backup, TOOLS)).program == TOOLS[0] / "pg_dump"


async def test_of_several_programs_the_oldest_not_older_than_the_server_is_used(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = a_program(tmp_path / "newest", "pg_dump", "pg_dump (PostgreSQL) 99.1")
    monkeypatch.setenv("PATH", str(newest))

    equipment = await pg.equip(a_backup(guarded.database()), TOOLS)
    assert equipment.program == TOOLS[0] / "pg_dump"
    assert equipment.tool.startswith("pg_dump 18.")
    assert equipment.server.startswith("PostgreSQL 18.")


async def test_a_program_that_does_not_run_is_skipped(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = a_program(tmp_path / "broken", "pg_dump", "Segmentation fault")
    monkeypatch.setenv("PATH", str(broken))

    assert (await pg.equip(a_backup(guarded.database()), TOOLS)).program == TOOLS[0] / "pg_dump"


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"SELECT 1;\n" * 100, b"\x00" * 100_000])
async def test_a_file_that_is_not_a_dump_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged, match="pg_restore cannot read it: "):
        await pg.inspect(one_piece(content), TOOLS)


async def test_a_dump_truncated_within_its_table_of_contents_is_damaged(guarded: Guarded) -> None:
    content = await dumped(guarded.database())
    with pytest.raises(Damaged):
        await pg.inspect(one_piece(content[:200]), TOOLS)


async def test_a_large_dump_can_be_inspected_by_its_beginning(guarded: Guarded) -> None:
    content = await dumped(guarded.database(rows=200_000))
    assert len(content) > 1_000_000
    await pg.inspect(one_piece(content), TOOLS)


async def test_a_read_error_during_inspection_is_no_verdict_on_the_dump() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"PGDMP"
        raise Unreachable("the disk does not answer")

    with pytest.raises(Failed, match="the disk does not answer"):
        await pg.inspect(broken(), TOOLS)


async def test_our_own_secrets_are_not_passed_to_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("PGDATABASE", "somebody elses")
    environment = environment_for(a_backup("postgresql://keeper:pw@db:5433?sslmode=require"))

    assert {name: value for name, value in environment.items() if name.startswith("PG")} == {
        "PGHOST": "db", "PGPORT": "5433", "PGUSER": "keeper", "PGPASSWORD": "pw", "PGSSLMODE": "require",
    }  # fmt: skip
    assert "SLACK_BOT_TOKEN" not in environment


@pytest.mark.parametrize("what", ["what it is", "what its account may read"])
async def test_a_server_lost_during_inspection_is_reported_as_such(guarded: Guarded, what: str) -> None:
    backup = a_backup(guarded.database())
    look = pg.equip(backup, TOOLS) if what == "what it is" else pg.foreseen(backup)
    with psycopg.connect(guarded.address("orders", user="postgres")) as holding:
        holding.execute("LOCK pg_depend")
        looking: asyncio.Future[object] = asyncio.ensure_future(look)
        await asyncio.to_thread(end_whoever_waits, guarded.entrance)
        with pytest.raises(Unreachable, match=r"the server ended the connection .*look into its log"):
            await looking


def end_whoever_waits(entrance: str) -> None:
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(entrance, autocommit=True) as conn:
        while conn.execute(ended).fetchone() == (0,):
            pass
