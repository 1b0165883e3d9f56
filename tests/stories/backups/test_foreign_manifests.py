"""Manifests in the folder of backups that others have written or edited: a manifest is only data."""

import codecs
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg import AsyncConnection

from bot.domain.errors import Rejected
from bot.dumpers._manifest_read import LARGEST_BYTES
from bot.dumpers._postgresql_properties import create, dress
from bot.store.migrations import migrate
from tests.commandline import tocsin
from tests.conftest import as_url
from tests.guarded import Guarded, guarded_postgres
from tests.postgres import SharedPostgres
from tests.stored_in_s3 import STORES, Store
from tests.stories.backups.backing_up import NewWorld, answered, cards, keep, only_dump
from tests.world import living, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
async def other_memory(postgres: SharedPostgres) -> AsyncIterator[str]:
    """A second, empty database of the bot's own."""
    conninfo = await postgres.new_database(await postgres.template("migrated", migrate))
    yield as_url(conninfo)
    await postgres.drop_database(conninfo)


# Each is newer than the good one, so it is looked at first.
EDITED: dict[str, dict[str, Any]] = {
    "ages": {"took_seconds": 1e13},
    "backwards": {"took_seconds": -1e13},
    "nul": {"tool": "pg_dump\x0016", "counts": {"a\x00b": 1}},
    "surrogate": {"tool": "\ud800", "counts": {"\ud800": 1}},
    "source": {"source": {"server": {"a": 1}, "port": "none", "database": ["orders"]}},
    "nul_in_source": {"source": {"server": "a\x00b"}},
    "properties": {"source": {"server": "x", "port": 5, "database": "orders", "properties": "none", "size": "x"}},
    "role": {"source": {"roles": 5}},
    "creators": {"source": {"creators": {"keeper": 1}}},
    "publishers": {"source": {"publishers": [1]}},
    "tablespaces": {"source": {"tablespaces": "fast"}},
    "parameters": {"source": {"parameters": [None]}},
    "of_superusers": {"source": {"of_superusers": [["postgres"]]}},
    "ignored": {"source": {"ignored": 7}},
    "numbers": {"counts": {"public.orders": 10**400}},
    "not_a_number": {"source": {"more": float("nan")}},
    "negative": {"bytes": -5},
    "first_year": {"started_at": "0001-01-01T00:00:00+00:00"},
    "last_year": {"started_at": "9999-12-31T23:59:59+00:00"},
}
LAST_YEAR = {"started_at": "2025-08-01T02:00:00+00:00"}


def copied(dump: Path, name: str, edited: dict[str, Any]) -> None:
    """Copy the dump under this name, with an edited manifest."""
    known = json.loads(dump.with_name(f"{dump.name}.json").read_text())
    dump.with_name(name).write_bytes(dump.read_bytes())
    dump.with_name(f"{name}.json").write_text(json.dumps(known | {"file": name} | edited))


async def test_a_manifest_with_absurd_values_does_not_keep_other_backups_from_being_adopted(
    new_world: NewWorld, other_memory: str, guarded: Guarded, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    runbook = keep(guarded.database(rows=7), folder).replace("Europe/London", "America/New_York")
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
    good = only_dump(folder)
    for name, edited in EDITED.items():
        copied(good, f"orders-{name}.dump", edited)
    copied(good, good.name, LAST_YEAR)

    async with living(other_memory, tmp_path, runbook=runbook) as world:
        assert any("*1 earlier backup found and adopted*" in said for said in map(words_of, cards(world)))
        assert [one.file for one in await world.house.backups.newest("orders")] == [good.name]
        assert good.name in await answered(world, "/backup list")
        assert "*Backup 1 of orders is valid*" in await answered(world, "/backup verify 1")
    seen = await tocsin("backups", str(folder), at=tmp_path)
    assert seen.code == 0 and seen.out.count("its manifest is none that Tocsin has written") == len(EDITED)


# What an editor, a full disk or another program does to our manifest, and words from the report about it.
SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda written: written[: len(written) // 2], "truncated"),
    "empty": (lambda written: b"", "is empty"),
    "latin_1": (lambda written: written.decode().replace('"orders"', '"örders"').encode("latin-1"), "another encoding"),
    "a_list": (lambda written: b"[" + written + b"]", "no object"),
    "huge": (lambda written: written + b" " * LARGEST_BYTES, "larger than"),
    "of_another": (lambda written: written.replace(b'"orders"', b'"payments"'), "says that it is of payments"),
    "foreign": (lambda written: b'{"name": "frontend", "version": "1.0.0"}', "none that Tocsin has written"),
}
REWRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "byte_order_mark": lambda written: codecs.BOM_UTF8 + written,
    "utf_16": lambda written: written.decode().encode("utf-16"),
}


@pytest.mark.parametrize("place", ["folder", *STORES])
async def test_an_unreadable_manifest_is_reported_and_one_in_another_encoding_is_adopted(
    place: str, new_world: NewWorld, other_memory: str, guarded: Guarded, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    runbook = keep(guarded.database(rows=2), folder)
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
    good = only_dump(folder)
    files = {what: f"orders-202507{day:02}T020000Z-1.dump" for day, what in enumerate([*SPOILT, *REWRITTEN], start=1)}
    for what, name in files.items():
        copied(good, name, LAST_YEAR)
        beside = folder / f"{name}.json"
        spoil = REWRITTEN[what] if what in REWRITTEN else SPOILT[what][0]
        beside.write_bytes(spoil(beside.read_bytes()))
    copied(good, "somebody-elses.dump", {"backup": "blog", "file": "somebody-elses.dump"})
    good.with_name(f"{good.name}.json").unlink()

    with nullcontext() if place == "folder" else STORES[place]() as store:
        where, environ = (str(folder), {}) if store is None else (_uploaded(store, folder), store.environ)
        other_world: NewWorld = partial(living, other_memory, tmp_path)
        async with other_world(runbook=runbook.replace(str(folder), where), **environ) as world:
            (said,) = [said for said in map(words_of, cards(world)) if "found and adopted" in said]
            taken_over = [one.file for one in await world.house.backups.newest("orders")]
        seen = await tocsin("backups", where, at=tmp_path, **environ)
    assert sorted(taken_over) == [files[what] for what in REWRITTEN]
    assert f"`{good.name}`: no manifest stands beside it" in said and "somebody" not in said
    for what, (_, why) in SPOILT.items():
        (line,) = [line for line in said.splitlines() if files[what] in line]
        assert why in line
        assert what == "of_another" or why in seen.out.partition(files[what])[2][:200]


def _uploaded(store: Store, folder: Path) -> str:
    bucket = store.bucket("spoilt")
    for path in folder.iterdir():
        store.client.put_object(Bucket=bucket.removeprefix("s3://"), Key=path.name, Body=path.read_bytes())
    return bucket


@pytest.mark.parametrize(
    "edited",
    [
        {"options": "; DROP DATABASE bystander --"},
        {"options": "ENCODING 'UTF8'; DROP DATABASE bystander; --'"},
        {"options": r"ENCODING E'\'; DROP DATABASE bystander; --'"},
        {"rights": [[None, "CONNECT ON DATABASE postgres TO PUBLIC; DROP DATABASE bystander; --", False]]},
    ],
)
async def test_an_edited_manifest_cannot_inject_sql(guarded: Guarded, edited: dict[str, Any]) -> None:
    guarded.database("bystander")
    guarded.tell("DROP DATABASE IF EXISTS fresh")
    async with await AsyncConnection.connect(guarded.entrance, autocommit=True) as conn:
        with suppress(Rejected):
            await create(conn, "fresh", edited)
            await dress(conn, "fresh", edited)
    assert guarded.ask("SELECT count(*) FROM pg_database WHERE datname = 'bystander'") == 1


async def test_a_dump_with_the_manifest_of_another_is_reported_as_that_and_not_as_damaged(
    new_world: NewWorld, guarded: Guarded, tmp_path: Path
) -> None:
    folder, address = tmp_path / "kept", guarded.database(rows=7)
    async with new_world(runbook=keep(address, folder)) as world:
        await answered(world, "/backup run")
        await world.passes(hours=1)
        guarded.tell("DELETE FROM orders", address)
        await answered(world, "/backup run")
    one, other = sorted(folder.glob("*.json"))
    first, last = one.read_text(), other.read_text()
    one.write_text(last)
    other.write_text(first)
    for words in ((), ("--verify",)):
        seen = await tocsin("backups", str(folder), *words, at=tmp_path)
        assert seen.out.count("its manifest is that of ") == 2 and "damaged" not in seen.out
        assert f"its manifest is that of {other.stem}" in seen.out.partition(one.stem)[2][:200]
        assert seen.code == len(words), "nothing is proved"


async def test_a_file_name_that_looks_like_a_shell_command_is_quoted(
    new_world: NewWorld, guarded: Guarded, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    async with new_world(runbook=keep(guarded.database(rows=1), folder)) as world:
        await answered(world, "/backup run")
    good = only_dump(folder)
    for name, day, kind in (("a; touch b.dump", 1, "postgresql"), ("c.dump", 2, "mysql")):
        copied(good, name, {"kind": kind, "started_at": f"2026-09-0{day}T02:00:00+00:00"})

    seen = await tocsin("backups", str(folder), at=tmp_path)
    assert "--dbname=NEW 'a; touch b.dump'" in seen.out and "NEW c.dump" not in seen.out
