"""A process is told to stop while something hangs: it exits soon and in order, and records what it still can."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_SUBMITTED
from psycopg.pq import TransactionStatus

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Unreachable
from bot.doors.rounds import Counted
from bot.doors.scheduler import Scheduler
from bot.services.upkeep.conditions import Conditions
from bot.services.upkeep.schema import Schema
from bot.services.upkeep.watchdog import Watchdog
from bot.shutdown import STOP_WITHIN_S
from bot.store.database import Database
from bot.store.migrations import migrate
from bot.wire.timeouts import Deadline
from tests.own_server import OwnServer, own_server
from tests.processes import Fleet, Replica, fleet, staged, until
from tests.stories.upkeep.connections import line_to
from tests.world import World

GIVEN_UP = "stop: the database does not answer"
MANY = 24
HANGING = """
import asyncio, threading
from bot.cli.carrying import serve

async def work():
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    print("begun", flush=True)
    await asyncio.Event().wait()

serve(work(), gone_within_s=0.1)
"""


@pytest.fixture
async def server() -> AsyncIterator[OwnServer]:
    async with own_server() as server:
        await migrate(server.url)
        yield server


@asynccontextmanager
async def one_process(server: OwnServer, folder: Path) -> AsyncIterator[tuple[Fleet, Replica]]:
    async with staged(server.url, folder) as fleet:
        (process,) = await fleet.start()
        await fleet.until(lambda: fleet.workspace.channel("#incidents"))
        yield fleet, process


async def asked(server: OwnServer, statement: str) -> list[Any]:
    """The rows of a query, over a connection that is not the bot's."""
    db = Database(server.url, at_rest=0)
    await db.open()
    try:
        async with db.statement() as conn:
            return await (await conn.execute(statement.encode())).fetchall()
    finally:
        await db.close()


async def test_a_process_told_to_stop_exits_while_its_database_is_frozen(server: OwnServer, tmp_path: Path) -> None:
    async with one_process(server, tmp_path) as (_, process):
        with server.frozen():
            assert await process.stops() == 0
        assert GIVEN_UP in process.said()
        assert "Traceback" not in process.said()


async def test_an_accepted_page_is_recorded_if_the_database_comes_back_during_the_shutdown(
    server: OwnServer, tmp_path: Path
) -> None:
    async with one_process(server, tmp_path) as (fleet, process):
        fleet.workspace.faults.hang("chat.postMessage", 0.5, times=None, after=True)
        await fleet.declared()
        await fleet.until(lambda: fleet.posted("page:"))
        await server.stop()
        ending = asyncio.create_task(process.stops())
        await fleet.until(lambda: GIVEN_UP in process.said())
        await server.start()

        assert await ending == 0
        (page,) = fleet.posted("page:")
        assert await asked(server, "SELECT state, reference FROM pages") == [
            {"state": "accepted", "reference": f"{page.channel}/{page.ts}"}
        ]


async def test_a_shutdown_ends_every_wait_for_a_dead_database_connection_at_once(
    database: str,
) -> None:
    """Those that wait on a connection and those that wait for one: the server is silent and is not asked to cancel."""
    async with line_to(database) as line:
        db = Database(line.url, work_connections=1, at_rest=0)
        await db.open()

        async def waits() -> str:
            try:
                async with db.statement() as conn:
                    await conn.execute("SELECT 1")
            except Unreachable as error:
                return str(error)
            return ""

        assert await waits() == ""
        line.strand()
        waiting = [asyncio.create_task(waits()) for _ in range(3)]
        await until(lambda: all_wait(db))
        db.wait_no_longer()
        assert all(await asyncio.gather(*waiting))
        assert not db.is_waited_for
        await line.cut()
        await db.close()


async def test_a_statement_cancelled_during_shutdown_sends_no_cancel_request_to_a_silent_server(database: str) -> None:
    """The driver would try that for ten seconds, and a process that is told to stop has eight."""
    async with line_to(database) as line:
        db = Database(line.url, work_connections=1, at_rest=0)
        await db.open()
        async with db.statement() as conn:
            await conn.execute("SELECT 1")
        line.go_dead()
        db.wait_no_longer()
        made = line.made

        async def waits() -> None:
            async with db.statement() as conn:
                asking.set()
                await conn.execute("SELECT 1")

        asking = asyncio.Event()
        waiting = asyncio.create_task(waits())
        await asking.wait()
        # Wait until the statement has been sent.
        await until_waiting(db)
        waiting.cancel()
        await asyncio.wait({waiting})
        was_asked = line.made > made
        await line.cut()
        await db.close()
        assert waiting.cancelled()
        assert not was_asked


async def until_waiting(db: Database) -> None:
    async def is_under_way() -> bool:
        return any(conn.pgconn.transaction_status == TransactionStatus.ACTIVE for conn in db._waits._in_use)

    await until(is_under_way)


async def all_wait(db: Database) -> bool:
    return len(db._waits._patience) == 2 and len(db._waits._in_use) == 1


def test_the_stages_of_a_shutdown_never_take_longer_than_the_whole() -> None:
    now = [100.0]
    deadline = Deadline(Clock(steady=lambda: now[0]), STOP_WITHIN_S)
    given = []
    for keep_s in (4.0, 4.0, 0.0, 0.0):
        given.append(deadline.left_s(keep_s=keep_s))
        now[0] += given[-1]
    assert given == [STOP_WITHIN_S - 4.0, 0.0, 4.0, 0.0]


def test_starting_a_deadline_again_does_not_extend_it() -> None:
    now = [0.0]
    deadline = Deadline(Clock(steady=lambda: now[0]), 8.0)
    deadline.begin()
    now[0] += 5.0
    deadline.begin()
    assert deadline.left_s() == 3.0
    now[0] += 5.0
    assert deadline.left_s() == 0.0


def test_a_hanging_thread_does_not_keep_a_process_from_stopping() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"begun\n"
        process.terminate()
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1 and "has not ended" in said


async def test_a_process_stopped_while_catching_up_on_three_days_leaves_the_rest_to_the_next(
    database: str, tmp_path: Path
) -> None:
    """Nothing ran for three days and much came due. Sends in flight are finished; nothing is lost or done twice."""
    async with fleet(database, tmp_path) as replicas:
        house = replicas.house
        house.clock.freeze(datetime.now(UTC) - timedelta(days=3))
        for number in range(MANY):
            await house.declarations.declare(Actor("eve"), f"Report {number}", severity="P1")
        house.clock.freeze(datetime.now(UTC))

        replicas.workspace.faults.slow_down(500)
        (stopped,) = await replicas.start()
        await replicas.until(lambda: replicas.posted("page:"))
        assert await stopped.stops() == 0
        assert "Traceback" not in stopped.said()
        assert len(replicas.posted("incident:")) < MANY, "it was stopped before it had caught up"

        replicas.workspace.faults.clear()
        await replicas.start()
        house.clock.freeze(datetime.now(UTC))
        await replicas.all_is_there_once(interrupted=True)
        assert {page.incident_id for page in await replicas.pages()} == set(range(1, MANY + 1))


class DueInAMoment:
    """A round with nothing to do now, and something due in some milliseconds."""

    due_rows = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def take_due(self) -> int:
        return 0

    async def next_due(self) -> datetime | None:
        return self._clock.now() + timedelta(milliseconds=20)


async def test_an_alarm_that_goes_off_during_an_orderly_shutdown_logs_no_error(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    clock, house, rang = Clock(), world.house, asyncio.Event()
    scheduler = Scheduler(
        house.db, clock, {"soon": Counted(DueInAMoment(clock), clock)}, watchdog=Watchdog(),
        conditions=Conditions(house.duty, [Schema(house.db, house.duty)]), timekeeping=house.timekeeping,
        people=house.people, on_cancelled=house.departures.cancelled.note,
    )  # fmt: skip
    scheduler._alarm.add_listener(lambda _: rang.set(), EVENT_JOB_SUBMITTED)
    scheduler.start()
    scheduler.wake()
    await rang.wait()
    await scheduler.stop()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
