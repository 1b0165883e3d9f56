"""A stored request is done however long it takes, and nobody is told more about its outcome than is known."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from psycopg import AsyncConnection

from bot.clock import Clock
from bot.services.upkeep.outages import MISSES
from bot.services.upkeep.takeover import TAKEN_OVER_AFTER, TIME_TO_BE_HEARD, Takeover
from bot.store import requests
from bot.store.database import Database
from bot.store.requests import Request
from tests.commandline import tocsin
from tests.stories.asking import ask, asked, count, declared, notes, whispered
from tests.stories.telephone.telephones import ADA, PUBLIC, by, replied, telephones
from tests.stories.upkeep.connections import command, stored
from tests.world import BEGINNING, RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

# The database fails as on a full disk whenever an incident is inserted.
FULL_DISK = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON incidents FOR EACH ROW EXECUTE FUNCTION no_room();
"""
# A COMMIT that hangs longer than anybody waits; when it is cancelled, it either succeeds anyway or fails.
SLOW_COMMIT = """
CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; EXCEPTION WHEN query_canceled THEN {then}; END $$;
CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW {when} EXECUTE FUNCTION hang();
"""
# The session ends in the middle of its COMMIT.
DIES_AT_COMMIT = """
CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER die_{table} AFTER {when} ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die();
"""
DONE, UNDONE = "PERFORM pg_sleep(0.2); RETURN NULL", "RAISE"


async def do(world: World, statements: str) -> None:
    async with world.house.db.transaction() as conn:
        await conn.execute(statements.encode())


async def shown(world: World, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{world.app.port}{path}") as answer:
        return await answer.text()


# Retried while the failure is the bot's or its database's


async def test_a_command_is_retried_while_the_databases_disk_is_full_and_its_author_is_told_it_was_late(
    world: World,
) -> None:
    await do(world, FULL_DISK)
    first = await ask(world, "eve", "/incident declare P1 Payments failing")
    assert first.startswith("⏳ *Not done yet:* the disk of the database is full")
    for _ in range(12):
        await world.passes(minutes=1)
    assert await count(world) == 0
    await do(world, "DROP TRIGGER no_room ON incidents")
    await world.passes(seconds=15)
    assert await count(world) == 1
    assert len(world.pages_of("ada")) == 1
    late, answer = [words_of(one) for one in whispered(world, "eve", "#general")[-2:]]
    assert late.startswith("⏱ *Late:* you asked for this at 15:00:00")
    assert "declared as P1: Payments failing" in answer
    assert [row["error"] for row in await stored(world)] == [None]


async def test_a_request_that_slack_refuses_for_good_is_reported_with_the_reason_and_not_retried(
    world: World,
) -> None:
    room = await declared(world)
    message = await world.eve.says("We roll back", room)
    world.workspace.faults.refuse("conversations.replies", "thread_not_found", times=None)
    await world.eve.reacts("pushpin", message)
    await world.settled()
    (said,) = [words_of(one) for one in whispered(world, "eve", room)]
    assert said.startswith("⚠ *Not done:*") and "thread_not_found" in said
    assert all(row["worked_at"] and row["attempts"] == 0 for row in await stored(world, "event"))


# An unknown outcome is reported as unknown


@pytest.mark.parametrize("outcome", [DONE, UNDONE])
async def test_a_command_whose_commit_hangs_is_first_reported_as_unknown_and_then_with_the_outcome(
    world: World, outcome: str
) -> None:
    world.gives_up_soon()
    await do(world, SLOW_COMMIT.format(table="requests", when="WHEN (NEW.error IS NULL)", then=outcome))
    answer = await asked(world, "eve", "/incident declare P1 Payments failing")
    first, second, *rest = [words_of(one) for one in answer.messages]
    assert first.startswith("⚠ *I don't know yet whether this was recorded")
    assert "Ada Obi +447700900001" in first
    assert "Nothing was recorded" not in first
    if outcome == DONE:
        assert second.startswith("✅ *Recorded:*")
        assert "declared as P1" in rest[0]
        assert (await count(world), len(world.pages_of("ada"))) == (1, 1)
    else:
        assert second.startswith("⚠ *Nothing was recorded:*")
        assert rest == []
        await world.passes(minutes=5)
        assert (await count(world), world.pages_of("ada")) == (0, [])


@pytest.mark.parametrize("outcome", [DONE, UNDONE])
async def test_the_outcome_of_a_form_whose_commit_hung_is_reported_where_it_was_opened(
    world: World, outcome: str
) -> None:
    room = await declared(world)
    await asked(world, "eve", "/incident update", room)
    world.gives_up_soon()
    await do(world, SLOW_COMMIT.format(table="requests", when="WHEN (NEW.error IS NULL)", then=outcome))
    answer = await world.eve.submits(values={"What changed?": "Cards work again"})
    assert answer.errors["update"].startswith("⚠ *I don't know yet whether this was recorded")
    await world.settled()
    said = [words_of(one) for one in whispered(world, "eve", room)]
    assert any(words.startswith("✅ *Recorded:*") for words in said) == (outcome == DONE)
    assert any(words.startswith("⚠ *Nothing was recorded:*") for words in said) == (outcome == UNDONE)
    assert ("Cards work again" in words_of(world.card())) == (outcome == DONE)


async def test_a_deed_whose_commit_got_no_answer_is_not_reported_as_undone_and_not_done_twice(world: World) -> None:
    await do(world, DIES_AT_COMMIT.format(table="incidents", when="INSERT"))
    first = await ask(world, "eve", "/incident declare P1 Payments failing")
    assert first.startswith("⏳ *I don't know yet whether it was done:*")
    await do(world, "DROP TRIGGER die_incidents ON incidents")
    await world.passes(seconds=15)
    assert await count(world) == 1
    assert "declared as P1" in words_of(whispered(world, "eve", "#general")[-1])


async def test_links_texts_and_alerts_whose_commit_got_no_answer_are_not_reported_as_unrecorded(
    new_world: NewWorld,
) -> None:
    more = {"ALERTS_TOKEN": "t"}
    async with telephones(new_world, by("sms"), **more) as (world, company):
        await declared(world)
        (link,) = re.findall(rf"{re.escape(PUBLIC)}(/ack/\S+)", company.texts(ADA)[0].body)
        for table in ("incidents", "alerts"):
            await do(world, DIES_AT_COMMIT.format(table=table, when="INSERT OR UPDATE"))
        status, page = await followed(world, "POST", link)
        assert (status, "don't know yet whether this was recorded" in page) == (503, True)
        assert "We don't know yet whether this was recorded" in await replied(world, company, ADA, "ack")
        status, reason = await followed(world, "POST", "/alerts/generic?token=t")
        assert (status, "it is not known whether this was stored" in reason) == (503, True)

        for table in ("incidents", "alerts"):
            await do(world, f"DROP TRIGGER die_{table} ON {table}")
        assert "INC-1 acknowledged" in await replied(world, company, ADA, "ack")
        assert (await followed(world, "POST", "/alerts/generic?token=t"))[0] == 202


async def followed(world: World, method: str, path: str) -> tuple[int, str]:
    url, alert = f"http://127.0.0.1:{world.app.port}{path}", {"title": "Disk full", "status": "firing"}
    async with aiohttp.ClientSession() as session, session.request(method, url, json=alert) as answer:
        return answer.status, await answer.text()


async def test_a_shell_command_whose_commit_got_no_answer_says_it_is_not_known_whether_it_was_done(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "runbook.yml").write_text(RUNBOOK)
    async with await AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute(DIES_AT_COMMIT.format(table="incidents", when="INSERT").encode())
    ended = await tocsin("declare", "P1", "Payments failing", at=tmp_path, DATABASE_URL=database)
    assert ended.code == 1
    assert "It is not known whether this was done" in ended.err


async def test_retrying_a_deed_that_was_already_done_answers_that_it_is_done(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident update A fix is out", room)
    async with world.house.db.transaction() as conn:
        await conn.execute("UPDATE requests SET worked_at = NULL, holder = NULL, due_at = %s", [BEGINNING])
    await world.passes(seconds=1)
    assert words_of(whispered(world, "eve", room)[-1]).startswith("✅ *Done:*")


# A request that kills the process working on it


@asynccontextmanager
async def left_by_the_dead(world: World, deaths: int) -> Any:
    """A command held by a process that died, after this many others had died of it."""
    left = command(world, "/incident declare P1 Payments failing").payload
    request = Request(f"command {left['trigger_id']}", "command", left, world.clock.now())
    async with world.house.db.transaction() as conn:
        await requests.store(conn, request, taken_over_at=world.clock.now(), holder="elsewhere:7")
        await conn.execute("UPDATE requests SET deaths = %s", [deaths])
    yield request


async def test_a_request_that_one_process_died_of_is_retried_once(world: World) -> None:
    async with left_by_the_dead(world, 0):
        await world.settled()
        assert await count(world) == 1
        (row,) = await stored(world)
        assert (row["deaths"], row["set_aside_at"], row["error"]) == (1, None, None)


async def test_a_request_that_two_processes_died_of_is_set_aside_and_its_author_and_the_operator_are_told(
    world: World,
) -> None:
    async with left_by_the_dead(world, 1) as request:
        await world.settled()
        assert await count(world) == 0
        (row,) = await stored(world)
        assert row["set_aside_at"] and row["worked_at"]
        (said,) = whispered(world, "eve", "#general")
        assert "Not done, and won't be" in words_of(said)
        assert request.key in await shown(world, "/readyz")
        assert "tocsin_requests_set_aside 1.0" in await shown(world, "/metrics")
        await world.passes(minutes=10)
        assert await count(world) == 0


async def kept(db: Database, key: str) -> Mapping[str, Any]:
    async with db.transaction() as conn:
        row = await (await conn.execute("SELECT * FROM requests WHERE key = %s", [key])).fetchone()
    assert row is not None
    return row


async def test_after_an_outage_a_process_gives_the_others_time_to_renew_before_taking_over(database: str) -> None:
    clock = Clock()
    clock.freeze(BEGINNING)
    db = Database(database)
    await db.open()
    try:
        looker = Takeover(db, clock)
        async with db.transaction() as conn:
            request = Request("command 1", "command", {}, clock.now())
            await requests.store(conn, request, taken_over_at=clock.now() + TAKEN_OVER_AFTER, holder="elsewhere:7")
        # The database was away for every process; now it is back, and every lease has expired.
        clock.move(timedelta(minutes=1))
        assert await looker.claim([], limit=9, suspects=True) == []
        assert await looker.next_due() == clock.now() + TIME_TO_BE_HEARD
        async with db.transaction() as conn:
            await requests.renew(conn, ["command 1"], lease_until=clock.now() + TAKEN_OVER_AFTER, holder="elsewhere:7")
        for _ in range(10):
            clock.move(timedelta(seconds=1))
            assert await looker.claim([], limit=9, suspects=True) == []
        assert (await kept(db, "command 1"))["deaths"] == 0

        for _ in range(4):
            clock.move(timedelta(seconds=1))
            assert await looker.claim([], limit=9, suspects=True) == []
        clock.move(timedelta(seconds=1))
        (claimed,) = await looker.claim([], limit=9, suspects=True)
        assert (claimed.key, claimed.deaths) == ("command 1", 1)
    finally:
        await db.close()


async def pinned_while_slack_hangs(world: World, seconds: float) -> None:
    """Make a request that this process holds while it waits for Slack."""
    message = await world.eve.says("We roll back", await declared(world))
    world.workspace.faults.hang("conversations.replies", seconds)
    await world.eve.reacts("pushpin", message)
    await world.workspace.until(lambda: world.house.reception.under_way)


async def pin(world: World) -> Mapping[str, Any]:
    (row,) = [row for row in await stored(world, "event") if row["body"]["event"]["type"] == "reaction_added"]
    return row


async def test_a_request_that_waits_long_for_slack_stays_with_the_process_that_holds_it(world: World) -> None:
    """However long Slack takes, the process has not died."""
    await pinned_while_slack_hangs(world, 3.0)
    for _ in range(8):
        world.clock.move(timedelta(seconds=10))
        await world.house.reception.take_due()
    assert (await pin(world))["due_at"] > world.clock.now()
    await world.settled()
    row = await pin(world)
    assert (row["attempts"], row["deaths"], row["error"]) == (0, 0, None)
    assert await notes(world) == ["We roll back"]


async def test_a_request_released_by_an_orderly_shutdown_does_not_count_as_a_death(world: World) -> None:
    await pinned_while_slack_hangs(world, 5.0)
    await world.house.reception.finish(0.05)
    row = await pin(world)
    assert (row["holder"], row["worked_at"], row["due_at"]) == (None, None, world.clock.now())
    await world.house.reception.take_due()
    await world.settled()
    assert await notes(world) == ["We roll back"]
    assert (await pin(world))["deaths"] == 0


# A database that accepts no writes


async def test_every_door_answers_that_the_database_is_read_only(database: str, new_world: NewWorld) -> None:
    async with new_world(ALERTS_TOKEN="t") as world:
        async with await AsyncConnection.connect(database, autocommit=True) as conn:
            await conn.execute(f'ALTER DATABASE "{conn.info.dbname}" SET default_transaction_read_only = on'.encode())
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            await conn.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}".encode())
        answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
        assert words_of(answer.messages[0]).startswith("⚠ *Nothing was recorded: my database is read-only.*")
        status, reason = await followed(world, "POST", "/alerts/generic?token=t")
        assert (status, "read-only" in reason) == (503, True)
        status, seen = await followed(world, "GET", "/readyz")
        assert (status, "the database is read-only" in seen) == (503, True)
        async with await AsyncConnection.connect(database, autocommit=True) as conn:
            await conn.execute("SET default_transaction_read_only = off")
            await conn.execute(f'ALTER DATABASE "{conn.info.dbname}" RESET default_transaction_read_only'.encode())


async def test_every_door_and_every_room_is_told_that_the_databases_disk_is_full_until_it_is_not(
    new_world: NewWorld,
) -> None:
    async with new_world(ALERTS_TOKEN="t") as world:
        room = await declared(world)
        await world.house.outages.take_due()
        await do(world, FULL_DISK + "CREATE TRIGGER no_room BEFORE INSERT ON requests EXECUTE FUNCTION no_room();")
        answer = await world.eve.types("/incident declare P1 Another one", "#general")
        assert words_of(answer.messages[0]).startswith("⚠ *Nothing was recorded: the disk of my database is full.*")
        for _ in range(2):
            status, seen = await followed(world, "GET", "/readyz")
            assert (status, "the disk of the database is full" in seen) == (503, True)
        for _ in range(MISSES):
            await world.house.outages.take_due()
        told = [words_of(one) for one in world.workspace.messages(f"#{room.name}")]
        assert [words for words in told if "Paging has stopped: the disk of my database is full" in words] != []

        await do(world, "DROP TRIGGER no_room ON incidents; DROP TRIGGER no_room ON requests")
        await world.house.outages.take_due()
        await world.settled()
        last = words_of(world.workspace.messages(f"#{room.name}")[-1])
        assert last.startswith("✅ *Paging has resumed: my database accepts writes again.*")
        assert (await followed(world, "GET", "/readyz"))[0] == 200
