"""The database is the incident: nothing untrue is said, nothing is done twice, and everything resumes afterwards."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import psycopg
import pytest

from bot.app import App
from bot.clock import Clock
from bot.domain.errors import Unreachable
from bot.store.migrations import migrate
from tests.own_server import OwnServer, own_server
from tests.processes import Fleet, arrived_at, key_of, staged, until
from tests.world import ACKNOWLEDGED_WITHIN_S, RUNBOOK, World, words_of


@pytest.fixture
async def server() -> AsyncIterator[OwnServer]:
    async with own_server() as server:
        await migrate(server.url)
        yield server


@asynccontextmanager
async def two_processes(server: OwnServer, folder: Path) -> AsyncIterator[tuple[Fleet, list[App]]]:
    """Two processes of the bot connected to one Slack, in real time."""
    async with (
        staged(server.url, folder, runbook=RUNBOOK, ALERTS_TOKEN="let-me-in") as fleet,
        AsyncExitStack() as stack,
    ):
        fleet.workspace.timing.ack_seconds = ACKNOWLEDGED_WITHIN_S
        apps = [fleet.app(Clock()), fleet.app(Clock())]
        for app in apps:
            await stack.enter_async_context(app.running())
            await app.until_looked_up()
        yield fleet, apps


async def posted_alert(app: App) -> int:
    """The status with which an alert is answered."""
    url = f"http://127.0.0.1:{app.port}/alerts/generic?token=let-me-in"
    alert = {"title": "Disk full", "status": "firing"}
    async with aiohttp.ClientSession() as session, session.post(url, json=alert) as answer:
        return answer.status


def has_looked(app: App, *, since: datetime) -> bool:
    """Has this process looked at the open incidents since then, and so remembers them?"""
    return app.services.watchdog.idle()["outages"] < app.clock.now() - since


async def next_step_is_due_soon(server: OwnServer) -> None:
    """Make the next step due while the database is away, however long the story has taken."""
    async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as conn:
        await conn.execute("UPDATE escalations SET next_at = clock_timestamp() + interval '4 seconds'")


def said_in_room(fleet: Fleet) -> list[str]:
    (room,) = [one for one in fleet.workspace.conversations if one.name.startswith("inc-")]
    return [words_of(one) for one in room.messages if one.user == fleet.workspace.bot.id]


def paging_stopped(fleet: Fleet) -> list[str]:
    return [words for words in said_in_room(fleet) if words.startswith("⚠ *Paging has stopped")]


async def test_without_a_database_the_room_is_told_once_and_paging_resumes_without_a_burst_when_it_is_back(
    server: OwnServer, tmp_path: Path
) -> None:
    async with two_processes(server, tmp_path) as (fleet, apps):
        app, eve = apps[0], fleet.workspace.person("eve")
        await fleet.declared()
        await fleet.until(lambda: fleet.posted("incident:") and fleet.posted("page:"))
        await fleet.until(lambda: all(has_looked(app, since=arrived_at(fleet.posted("incident:")[0])) for app in apps))
        await next_step_is_due_soon(server)
        await server.stop()

        answer = await eve.types("/incident declare P1 Another one")
        assert answer.error is None
        assert "Nothing was recorded" in words_of(answer.messages[0])
        assert await posted_alert(app) == 503

        # Both processes find the database gone and post it: the second one deletes its post.
        fleet.workspace.faults.hang("chat.postMessage", 4.0, times=2)
        await fleet.until(lambda: [one for one in fleet.workspace.sent if one.method == "chat.delete"])
        assert "Ada Obi +447700900001 ada@example.com" in paging_stopped(fleet)[0]
        assert "Cleo Fox" in paging_stopped(fleet)[0], "whoever the ladder would come to"
        assert len(fleet.posted("page:")) == 1, "the second step was due, and nobody could write it down"

        await server.start()
        await fleet.until(lambda: len(fleet.posted("page:")) == 2)
        await fleet.until(lambda: any(words.startswith("✅ *Paging has resumed") for words in said_in_room(fleet)))

        await until_at_rest(app)
        assert [key_of(one) for one in fleet.posted("page:")] == ["page:1", "page:2"], "one tier, and no burst"
        assert "This page is late" in words_of(fleet.workspace.direct_messages("ben")[-1])
        assert len(paging_stopped(fleet)) == 1
        assert sum(words.startswith("✅ *Paging has resumed") for words in said_in_room(fleet)) == 1
        assert await posted_alert(app) == 202
        entries = await app.services.incidents.timeline(1)
        assert [one.text for one in entries if one.text.startswith("Paging was down from")] != []


async def test_a_page_in_flight_when_the_database_goes_away_is_recorded_when_it_is_back(
    server: OwnServer, tmp_path: Path
) -> None:
    async with two_processes(server, tmp_path) as (fleet, (app, _)):
        fleet.workspace.faults.hang("chat.postMessage", 0.5, after=True)
        eve = fleet.workspace.person("eve")
        await fleet.declared()
        await fleet.until(lambda: fleet.posted("page:"))
        await server.stop()
        answer = await eve.types("/incident list")
        assert "Nothing was recorded" in words_of(answer.messages[0])
        await server.start()

        async def is_recorded() -> bool:
            try:
                async with app.services.db.transaction() as conn:
                    row = await (await conn.execute("SELECT state, reference FROM pages WHERE id = 1")).fetchone()
            except Unreachable:
                return False
            (page, *_) = fleet.posted("page:1")
            return row == {"state": "accepted", "reference": f"{page.channel}/{page.ts}"}

        await until(is_recorded)
        assert len(fleet.posted("page:1")) == 1


async def until_at_rest(app: App) -> None:
    async def nothing_is_due() -> bool:
        dues = [await one.next_due() for one in app.rounds.values()]
        return app.is_idle and not any(due and due <= app.clock.now() for due in dues)

    for _ in range(3):
        await until(nothing_is_due)


async def test_a_transaction_ended_by_the_idle_timeout_counts_as_an_unreachable_database(
    world: World,
) -> None:
    with pytest.raises(Unreachable):
        async with world.house.db.transaction() as conn:
            await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 50")
            own = conn.info.backend_pid

            async def is_over() -> bool:
                async with world.house.db.statement() as other:
                    found = await other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [own])
                    return bool(found.rowcount == 0)

            await until(is_over)
            await conn.execute("SELECT 1")


async def test_a_transaction_frozen_in_a_pipeline_keeps_its_locks_no_longer_than_it_may_last(world: World) -> None:
    """The server does not count it as idle: no other time limit of the session ends it."""
    db = world.house.db
    async with db.statement() as conn:
        assert [dict(row) for row in await (await conn.execute("SHOW transaction_timeout")).fetchall()] == [
            {"transaction_timeout": "1min"}
        ]
        await conn.execute("INSERT INTO channels (name, slack_id) VALUES ('held', 'C1')")
    with pytest.raises(Unreachable):
        async with db.statement() as frozen:
            await frozen.execute("SET transaction_timeout = 300")
            async with frozen.transaction(), frozen.pipeline():
                await frozen.execute("DELETE FROM channels WHERE name = 'held'")
                async with db.statement() as other:
                    await other.execute("SET lock_timeout = 0")
                    await other.execute("UPDATE channels SET slack_id = 'C2' WHERE name = 'held'")
                    await other.execute("SET lock_timeout = '3s'")
    async with db.statement() as conn:
        assert (await conn.execute("SELECT FROM channels WHERE slack_id = 'C2'")).rowcount == 1


async def test_a_database_that_has_become_read_only_counts_as_unreachable(world: World) -> None:
    for block in (world.house.db.transaction, world.house.db.statement, world.house.db.intake):
        with pytest.raises(Unreachable, match="read-only"):
            async with block() as conn:
                await conn.execute("SET default_transaction_read_only = on")
                await conn.execute("SET transaction_read_only = on")
                await conn.execute("UPDATE outbox SET attempts = 0")
