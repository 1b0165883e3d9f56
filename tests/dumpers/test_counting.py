"""The rows in a PostgreSQL dump are counted twice: while dumping, and when reading it back."""

import asyncio
import random
from collections.abc import AsyncGenerator

import psycopg
import pytest

from bot.domain.backups.backup import Damaged, difference
from bot.dumpers import Tally
from bot.dumpers import postgresql as pg
from bot.dumpers._copied_rows import CopiedRows
from bot.dumpers._postgresql import connect
from bot.dumpers._postgresql_snapshot import SAME_INSTANT, Snapshot
from bot.dumpers._postgresql_tables import rows_of, tables_of
from tests.dumpers.conftest import a_backup
from tests.dumpers.test_postgresql import TOOLS, one_piece
from tests.guarded import Guarded

STRANGE = """
    CREATE SCHEMA "Ünï (1)";
    CREATE TABLE "Ünï (1)"."we""ird.
COPY x FROM stdin;" (a text);
    INSERT INTO "Ünï (1)"."we""ird.
COPY x FROM stdin;" VALUES ('\\.'), (E'two\nlines\n\\.\n'), (NULL), ('');
    CREATE TABLE nothing ();
    INSERT INTO nothing DEFAULT VALUES;
    CREATE TABLE empty (a int);
    CREATE TABLE parent (a int) PARTITION BY RANGE (a);
    CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (100);
    INSERT INTO parent SELECT generate_series(1, 50);
    CREATE TABLE base (a int);
    CREATE TABLE derived () INHERITS (base);
    INSERT INTO base VALUES (1);
    INSERT INTO derived VALUES (2), (3);
    CREATE VIEW looked AS SELECT * FROM base;
    CREATE UNLOGGED TABLE quick AS SELECT 1;
    SELECT lo_from_bytea(0, decode(repeat('61', 100000), 'hex'));
"""
COUNTS = {
    '"Ünï (1)"."we""ird.\nCOPY x FROM stdin;"': 4,
    "public.base": 1,
    "public.child": 50,
    "public.derived": 2,
    "public.empty": 0,
    "public.nothing": 1,
    "public.orders": 100,
    "public.quick": 1,
}


async def dumped(address: str, tally: Tally) -> bytes:
    backup = a_backup(address)
    return b"".join([piece async for piece in pg.dump(backup, await pg.equip(backup, TOOLS), tally)])


async def test_every_tables_rows_count_the_same_when_dumped_and_when_read_back(guarded: Guarded) -> None:
    address, tally = guarded.database(), Tally()
    guarded.tell(STRANGE, address)
    content = await dumped(address, tally)

    assert tally.counts == COUNTS
    assert tally.counted == SAME_INSTANT
    assert (tally.tables, tally.tables_done) == (8, 8)
    assert await pg.count(one_piece(content), TOOLS) == COUNTS


NAMES = ('"a.b"', '"UPPER"', '"order"', '"x.y".z', 'x."y.z"', '"FROM stdin;"', '"1st"')
OF_ENCODINGS = {
    "UTF8": '"größe 日本"', "LATIN1": '"größe"', "LATIN9": '"preis_€"', "WIN1251": '"размер"', "EUC_JP": '"日本"',
    "KOI8R": '"размер"', "SQL_ASCII": '"größe"',
}  # fmt: skip


@pytest.mark.parametrize("encoding", OF_ENCODINGS)
async def test_tables_are_told_apart_whatever_their_names_and_encoding(guarded: Guarded, encoding: str) -> None:
    guarded.tell("DROP DATABASE IF EXISTS odd")
    guarded.tell(f"CREATE DATABASE odd OWNER keeper ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    address, tally = guarded.address("odd"), Tally()
    with psycopg.connect(address, autocommit=True, client_encoding="UTF8") as conn:
        conn.execute('CREATE SCHEMA "x.y"; CREATE SCHEMA x')
        for number, name in enumerate([*NAMES, OF_ENCODINGS[encoding]], start=1):
            conn.execute(f"CREATE TABLE {name} AS SELECT generate_series(1, {number})".encode())
    content = await dumped(address, tally)

    assert tally.counts is not None and sorted(tally.counts.values()) == list(range(1, len(NAMES) + 2))
    assert tally.counts['"x.y".z'] == 4 and tally.counts['x."y.z"'] == 5
    assert await pg.count(one_piece(content), TOOLS) == tally.counts


async def test_a_table_whose_name_is_invalid_in_its_encoding_is_counted_too(guarded: Guarded) -> None:
    guarded.tell("DROP DATABASE IF EXISTS odd")
    guarded.tell("CREATE DATABASE odd OWNER keeper ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    address, tally = guarded.address("odd"), Tally()
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute(b'CREATE TABLE "gr\xf6\xdfe" AS SELECT 1')
    content = await dumped(address, tally)

    assert tally.counts == {'public."gr\\xf6\\xdfe"': 1}
    assert await pg.count(one_piece(content), TOOLS) == tally.counts


def test_counts_recorded_with_unquoted_names_still_match() -> None:
    found = {'public."UPPER"': 2, 'public."we""ird"': 3, '"x.y".z': 4, 'x."y.z"': 5, "public.orders": 6}
    assert difference({"public.UPPER": 2, 'public.we"ird': 3, "x.y.z": 5, "public.orders": 6}, found) == ""
    assert difference({"public.UPPER": 3}, found).startswith("public.UPPER has 2 rows")


async def test_rows_inserted_during_a_dump_are_neither_dumped_nor_counted(guarded: Guarded) -> None:
    """They are inserted after pg_dump's first output and before the counting begins."""
    address, tally = guarded.database(rows=300_000), Tally()
    backup = a_backup(address)
    dump = pg.dump(backup, await pg.equip(backup, TOOLS), tally)
    first = await anext(dump)
    guarded.tell("INSERT INTO orders SELECT -n, 'late' FROM generate_series(1, 1000) AS n", address)
    content = first + b"".join([piece async for piece in dump])

    assert tally.counts == {"public.orders": 300_000}
    assert await pg.count(one_piece(content), TOOLS) == tally.counts


async def test_when_rows_cannot_be_counted_the_backup_is_made_and_says_so(guarded: Guarded) -> None:
    address, tally = guarded.database(), Tally()
    backup = a_backup(address)
    guarded.tell(
        "REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC", guarded.address("orders", user="postgres")
    )
    content = b"".join([piece async for piece in pg.dump(backup, await pg.equip(backup, TOOLS), tally)])

    assert tally.counts is None
    assert tally.counted == "not counted: permission denied for function pg_export_snapshot"
    assert await pg.count(one_piece(content), TOOLS) == {"public.orders": 100}


async def test_a_flipped_byte_anywhere_in_the_rows_is_found(guarded: Guarded) -> None:
    content = await dumped(guarded.database(rows=20_000), Tally())
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    await pg.inspect(one_piece(flipped), TOOLS)
    with pytest.raises(Damaged, match="pg_restore cannot read it"):
        await pg.count(one_piece(flipped), TOOLS)


async def test_a_dump_truncated_within_its_rows_is_damaged(guarded: Guarded) -> None:
    content = await dumped(guarded.database(rows=20_000), Tally())
    with pytest.raises(Damaged, match="pg_restore cannot read it"):
        await pg.count(one_piece(content[: len(content) // 2]), TOOLS)


def test_rows_count_the_same_however_the_stream_is_chunked() -> None:
    text = (
        b"SET x;\n\nCOPY public.a (b, c) FROM stdin;\n1\t\\N\n\\\\.\n\n2\n\\.\n\n"
        b'COPY "p.q"."r""s"  FROM stdin;\n\n\\.\nCOPY c (d) FROM stdin;\n\\.\n-- COPY e (f) FROM stdin;\n'
    )
    for seed in range(200):
        chance, rows, at = random.Random(seed), CopiedRows(), 0
        while at < len(text):
            size = chance.choice([1, 2, 3, 5, 30])
            rows.feed(text[at : at + size])
            at += size
        assert rows.counts == {"public.a": 4, '"p.q"."r""s"': 1, "c": 0}, seed


async def test_a_dump_cancelled_while_counting_leaves_no_connection(guarded: Guarded) -> None:
    address = guarded.database(rows=200_000)
    backup = a_backup(address)
    dump = pg.dump(backup, await pg.equip(backup, TOOLS), Tally())
    await anext(dump)
    await dump.aclose()

    still = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'orders'"
    while guarded.ask(still):
        await asyncio.to_thread(lambda: None)


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""


async def test_an_empty_file_is_not_a_dump() -> None:
    with pytest.raises(Damaged):
        await pg.count(_nothing(), TOOLS)


async def test_only_pg_dump_waits_for_somebody_elses_lock(guarded: Guarded) -> None:
    """Counting starts only after pg_dump has its locks, so the holder blocks one session, not two."""
    address = guarded.database()
    backup = a_backup(address)
    equipment = await pg.equip(backup, TOOLS)
    with psycopg.connect(address) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        dump = pg.dump(backup, equipment, Tally())
        first = asyncio.create_task(anext(dump))
        waiting = "SELECT array_agg(application_name) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not (found := guarded.ask(waiting)):
            await asyncio.to_thread(lambda: None)
        assert found == ["pg_dump"]
        holder.rollback()
        content = await first + b"".join([piece async for piece in dump])
    assert await pg.count(one_piece(content), TOOLS) == {"public.orders": 100}


async def test_a_server_lost_while_counting_rows_is_reported_as_such(guarded: Guarded) -> None:
    tally = Tally()
    snapshot = await Snapshot.taken(a_backup(guarded.database()), tally)
    try:
        guarded.tell(f"SELECT pg_terminate_backend({snapshot.backend_pid})")
        snapshot.count()
        await snapshot.counted()
    finally:
        await snapshot.close()
    assert tally.counts is None and tally.counted is not None
    assert tally.counted.startswith("not counted: the server ended the connection")


async def test_a_counted_tables_lock_is_released_before_the_next_is_counted(guarded: Guarded) -> None:
    """Thousands of locks would exhaust the server's shared lock table, where pg_dump already holds one per table."""
    public = "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    held = f"SELECT count(*) FROM pg_locks WHERE relation IN ({public})"
    async with await connect(a_backup(guarded.database(rows=3))) as conn, conn.transaction():
        assert [(table.name, await rows_of(conn, table)) for table in await tables_of(conn)] == [("public.orders", 3)]
        assert await (await conn.execute(held.encode())).fetchone() == (0,)
