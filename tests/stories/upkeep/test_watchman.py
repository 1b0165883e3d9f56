"""Monitoring the bot: its life sign, `/readyz` and the log while it is well, late, stuck or outdated."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from psycopg import AsyncConnection
from pydantic import SecretStr

from bot.domain.errors import Failed
from bot.doors.rounds import Counted
from bot.doors.scheduler import Scheduler
from bot.services.outbox.kinds import CARD
from bot.services.upkeep.conditions import Conditions
from bot.services.upkeep.lifesign import Lifesign
from bot.services.upkeep.readiness import Readiness, ReadinessReport
from bot.services.upkeep.schema import Schema
from bot.services.upkeep.watchdog import Watchdog
from bot.store import requests
from bot.store.outbox import outbox
from bot.store.requests import Request
from tests.processes import holding, until
from tests.stories.asking import declared
from tests.stories.checks.website import Website, a_website
from tests.world import World, living

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

SECRET = "0b7c-the-address-is-the-secret"


@pytest.fixture
async def listener() -> AsyncIterator[Website]:
    async with a_website() as website:
        yield website


@asynccontextmanager
async def heard_by(listener: Website, new_world: NewWorld) -> AsyncIterator[World]:
    """A world whose life sign goes to this listener; the first has been sent."""
    async with new_world(HEARTBEAT_URL=f"{listener.url}{SECRET}") as world:
        assert listener.visits == 1
        yield world


async def report(world: World) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.app.port}/readyz") as answer,
    ):
        return answer.status, await answer.json()


async def in_the_log(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async def is_there() -> bool:
        return words in caplog.text

    await until(is_there)


# The life sign


async def test_a_life_sign_is_sent_once_a_minute_while_all_is_well(new_world: NewWorld, listener: Website) -> None:
    async with heard_by(listener, new_world) as world:
        await declared(world)
        await world.passes(seconds=59)
        assert listener.visits == 1

        await world.passes(seconds=1)
        assert listener.visits == 2
        await world.passes(minutes=10)
        assert listener.visits == 3, "a sign that was missed is not made up for"
        world.nothing_else_was_sent()


@pytest.mark.parametrize(("late_s", "signs"), [(30, 2), (31, 1)])
async def test_no_life_sign_is_sent_while_a_step_is_overdue(
    new_world: NewWorld, database: str, listener: Website, caplog: pytest.LogCaptureFixture, late_s: int, signs: int
) -> None:
    async with heard_by(listener, new_world) as world:
        await declared(world)
        async with holding(database, "SELECT FROM escalations FOR UPDATE"):
            world.clock.move(timedelta(minutes=15, seconds=late_s))
            if signs == 1:
                await in_the_log(caplog, "lifesign: none is given, behind their time: escalations")
            else:
                await listener.visited(signs)
            assert listener.visits == signs

        await world.settled()
        assert len(world.pages_of("ben")) == 1
        await world.passes(minutes=1)
        assert listener.visits == signs + 1


@pytest.mark.parametrize("status", [404, 500])
async def test_a_failing_heartbeat_service_is_logged_without_its_url_and_stops_nothing(
    new_world: NewWorld, listener: Website, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    async with heard_by(listener, new_world) as world:
        listener.breaks(status)
        await world.passes(minutes=1)
        assert f"HEARTBEAT_URL answers {status}" in caplog.text
        assert SECRET not in caplog.text

        listener.recovers()
        await world.passes(minutes=1)
        assert listener.visits == 3
        world.nothing_else_was_sent()


async def test_an_unreachable_heartbeat_service_stops_nothing(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(HEARTBEAT_URL=f"http://127.0.0.1:1/{SECRET}") as world:
        await declared(world)
        assert len(world.pages_of("ada")) == 1
        assert "HEARTBEAT_URL cannot be reached" in caplog.text
        assert SECRET not in caplog.text
        world.nothing_else_was_sent()


async def test_a_heartbeat_service_that_hangs_delays_no_page(new_world: NewWorld, listener: Website) -> None:
    async with heard_by(listener, new_world) as world:
        listener.holds_back()
        world.clock.move(timedelta(minutes=1))
        await listener.visited(2)

        await world.eve.types("/incident declare P1 Payments failing", "#general")
        await world.workspace.until(lambda: world.pages_of("ada"))
        listener.lets_go()
        await world.settled()


# Rounds that are stuck


class Hanging:
    """A round that hangs until `may_end` is set."""

    due_rows = None

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    async def take_due(self) -> int:
        self.began.set()
        await self.may_end.wait()
        return 0

    async def next_due(self) -> datetime | None:
        return None


class Hand:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("seconds", "is_stuck"), [(30, False), (31, True)])
async def test_a_round_stuck_for_half_a_minute_makes_the_process_not_ready_and_stops_its_life_sign(
    world: World, listener: Website, seconds: int, is_stuck: bool
) -> None:
    hand, hanging, house = Hand(), Hanging(), world.house
    watchdog, schema = Watchdog(hand), Schema(house.db, house.duty)
    rounds = {"hanging": Counted(hanging, world.clock), "escalations": house.ladders}
    scheduler = Scheduler(
        house.db, world.clock, rounds,
        watchdog=watchdog, conditions=Conditions(house.duty, [schema]), timekeeping=house.timekeeping,
        people=house.people, on_cancelled=house.departures.cancelled.note,
    )  # fmt: skip
    readiness = Readiness(house.db, house.timekeeping, house.gateway, house.channels, watchdog, schema)
    scheduler.start()
    await hanging_began(scheduler, hanging)

    hand.seconds = seconds
    await until(lambda: came_round(watchdog, "escalations"))
    seen: ReadinessReport = await readiness.look()
    async with aiohttp.ClientSession() as session:
        await Lifesign(house.db, world.clock, watchdog, session, SecretStr(listener.url)).take_due()

    assert dict(seen.not_ready) == ({"rounds": "got nowhere: hanging for 31 s"} if is_stuck else {})
    assert seen.ready is not is_stuck
    assert listener.visits == (0 if is_stuck else 1)
    hanging.may_end.set()
    await scheduler.stop()


async def hanging_began(scheduler: Scheduler, hanging: Hanging) -> None:
    scheduler.wake()
    await hanging.began.wait()


async def came_round(watchdog: Watchdog, name: str) -> bool:
    return watchdog.idle()[name] == timedelta(0)


# Which process holds what


async def test_readyz_and_metrics_show_how_many_claims_each_process_holds(world: World) -> None:
    await declared(world)
    now = world.clock.now()
    async with world.house.db.transaction() as conn:
        await outbox.put(conn, "card", {}, now=now, priority=CARD)
        lease_until = now + timedelta(seconds=15)
        look = await outbox.claim(
            conn, now=now, lease_until=lease_until, free=9, lowest=CARD, believed=world.clock.at_database(),
            holder="elsewhere:7",
        )  # fmt: skip
        assert len(look.claimed) == 1
        left = Request("command 1", "command", {}, now)
        await requests.store(conn, left, taken_over_at=lease_until, holder="elsewhere:7")

    status, seen = await report(world)
    assert status == 200
    assert seen["in_hand"] == {"elsewhere:7": {"card": 1, "requests": 1}, world.house.db.process: {}}
    assert seen["process"] == world.house.db.process
    assert seen["escalations_armed"] == 1
    assert seen["overdue_seconds"] == {"escalations": 0.0, "requests": 0.0, "outbox": 0.0, "card": 0.0}

    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.app.port}/metrics") as answer,
    ):
        text = await answer.text()
    assert 'tocsin_leases{kind="card",process="elsewhere:7"} 1.0' in text
    assert "tocsin_processes 2.0" in text

    async with world.house.db.transaction() as conn:
        await conn.execute("DELETE FROM outbox WHERE state = 'sending'")
        await conn.execute("DELETE FROM requests WHERE holder = 'elsewhere:7'")


# A newer version has migrated the database


async def migrate_further(world: World, *, back: bool = False) -> None:
    """Migrate as a newer version would, or `back` as when it is rolled back."""
    async with world.house.db.transaction() as conn:
        statement = "DELETE FROM migrations WHERE name = %s" if back else "INSERT INTO migrations (name) VALUES (%s)"
        await conn.execute(statement, ["9999_later"])
        await conn.execute("SELECT pg_notify('tocsin', 'migrations')")
    await until(lambda: knows(world, back))


async def every_round_has_looked(world: World) -> None:
    async def all_are_done() -> bool:
        return bool(world.app.doors.scheduler.is_quiet)

    world.app.doors.scheduler.wake()
    await until(all_are_done)


async def knows(world: World, expected: bool) -> bool:
    return bool(world.house.schema.is_known) is expected


async def test_a_process_older_than_the_schema_claims_nothing_and_is_not_ready(
    new_world: NewWorld, listener: Website, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(HEARTBEAT_URL=f"{listener.url}x", ALERTS_TOKEN="an-alert") as world:
        await declared(world)
        await migrate_further(world)

        world.clock.move(timedelta(minutes=15))
        answer = await world.eve.types("/incident declare P1 Search is down", "#general")
        assert answer.error is None, "it is stored and acknowledged"
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{world.app.port}") as session,
            session.post("/alerts/generic?token=an-alert", json={"title": "x"}) as refused,
        ):
            assert refused.status == 503
        status, seen = await report(world)

        assert status == 503
        assert "9999_later" in seen["not_ready"]["schema"]
        assert "schema=9999_later is newer" in caplog.text
        await every_round_has_looked(world)
        assert [len(world.pages_of(name)) for name in ("ada", "ben")] == [1, 0]
        assert len(await world.house.incidents.newest(open_only=True)) == 1
        assert listener.visits == 1
        world.nothing_else_was_sent()


async def test_a_request_stored_by_an_outdated_process_is_done_only_by_one_that_knows_the_schema(
    database: str, tmp_path: Path
) -> None:
    async with living(database, tmp_path) as world:
        await migrate_further(world)
        await world.eve.types("/incident declare P1 Search is down", "#general")
    with pytest.raises(Failed, match="9999_later"):
        async with living(database, tmp_path):
            pass
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute("DELETE FROM migrations WHERE name = '9999_later'")
    async with living(database, tmp_path) as world:
        await world.settled()
        assert [one.title for one in await world.house.incidents.newest(open_only=True)] == ["Search is down"]
        assert len(world.pages_of("ada")) == 1


async def test_everything_resumes_when_the_newer_version_is_rolled_back(world: World) -> None:
    await declared(world)
    await migrate_further(world)
    await world.eve.types("/incident declare P1 Search is down", "#general")
    world.clock.move(timedelta(minutes=15))

    await migrate_further(world, back=True)
    await world.settled()

    assert [len(world.pages_of(name)) for name in ("ada", "ben")] == [2, 1]
