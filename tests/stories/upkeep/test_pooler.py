"""A pooler between the bot and its database: in session mode it works, in any other the bot does not start."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.clock import Clock
from bot.domain.errors import Unreachable
from bot.services.outbox.duty import Duty
from bot.services.upkeep.sessions import LOOK_ANYWAY_AFTER, Sessions
from bot.store.connections import connected
from bot.store.database import Database
from bot.store.errors import Pooled
from tests.commandline import tocsin
from tests.pooler import needs_a_pooler, pooled
from tests.processes import until
from tests.stories.asking import ask, count
from tests.stories.upkeep.connections import stored
from tests.world import RUNBOOK, World, living, words_of

pytestmark = needs_a_pooler

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
LIMITS = """
SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
    current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('TimeZone') AS zone,
    current_setting('transaction_timeout') AS transaction
"""
LIMITED = {"statement": "5s", "lock": "3s", "idle": "5s", "zone": "UTC", "transaction": "1min"}


async def health(world: World) -> tuple[int, str]:
    url = f"http://127.0.0.1:{world.app.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, json.loads(await answer.text())["not_ready"].get("database", "")


async def test_incidents_are_declared_and_paged_through_a_pooler_in_session_mode(database: str, tmp_path: Path) -> None:
    async with pooled(database, "session") as pooler, living(pooler.url, tmp_path) as world:
        for number in range(1, 7):
            said = await ask(world, "eve", f"/incident declare P1 Payments failing {number}")
            assert f"declared as P1: Payments failing {number}" in said
        assert (await count(world), len(world.pages_of("ada"))) == (6, 6)
        assert await health(world) == (200, "")


async def test_every_session_behind_a_pooler_has_the_limits_of_the_bot(database: str) -> None:
    async with pooled(database, "session") as pooler:
        db = Database(pooler.url)
        await db.open()
        for borrow in (db.transaction, db.statement, db.watch, db.intake):
            async with borrow() as conn:
                rows = await conn.execute(LIMITS)
                assert await rows.fetchall() == [LIMITED]
        await db.close()


async def test_a_connection_through_a_pooler_is_recognised_and_prepares_no_statements(database: str) -> None:
    async with pooled(database, "session") as pooler:
        for url, is_pooled in ((database, False), (pooler.url, True)):
            db = Database(url, at_rest=0)
            await db.open()
            for borrow in (db.transaction, db.statement, db.watch, db.intake):
                async with borrow() as conn:
                    assert (conn.prepare_threshold is None) is is_pooled
            assert db.is_pooled is is_pooled
            await db.close()


async def test_sessions_are_checked_at_every_look_behind_a_pooler_and_seldom_without_one(
    database: str, tmp_path: Path
) -> None:
    now = [0.0]
    async with pooled(database, "session") as pooler:
        for url, compared in ((database, 1), (pooler.url, 3)):
            db = Database(url, at_rest=0)
            await db.open()
            await db.server_time()
            before = db._watch.get_stats().get("requests_num", 0)
            sessions = Sessions(db, Clock(steady=lambda: now[0]), Duty())
            for _ in range(3):
                await sessions.look()
            assert db._watch.get_stats()["requests_num"] - before == 2 * compared
            now[0] += LOOK_ANYWAY_AFTER.total_seconds()
            await sessions.look()
            assert db._watch.get_stats()["requests_num"] - before == 2 * compared + 2
            await db.close()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("sessions", [1, 40])
async def test_behind_a_pooler_without_sessions_the_bot_does_not_start_and_the_doctor_says_what_to_do(
    database: str, tmp_path: Path, mode: str, sessions: int
) -> None:
    (tmp_path / "runbook.yml").write_text(RUNBOOK)
    async with pooled(database, mode, sessions=sessions) as pooler:
        refused = await tocsin("run", at=tmp_path, DATABASE_URL=pooler.url, LOG_LEVEL="ERROR", **TOKENS)
        assert (refused.code, refused.err.count("\n")) == (1, 1), refused.err
        assert "pooler in transaction mode" in refused.err and "session mode" in refused.err
        looked = await tocsin("doctor", at=tmp_path, DATABASE_URL=pooler.url)
        assert looked.code == 1
        assert "✗ database: PostgreSQL" in looked.out and "session mode" in looked.out


async def test_a_busy_pooler_in_transaction_mode_is_noticed_too(database: str) -> None:
    """It hands out whichever session is free, so seldom the same one twice."""
    async with pooled(database, "transaction", sessions=8) as pooler:
        db = Database(pooler.url)
        await db.open()

        async def work() -> None:
            while True:
                async with db.transaction() as conn:
                    await conn.execute("SELECT 1", prepare=False)

        others = [asyncio.create_task(work()) for _ in range(4)]
        for _ in range(5):
            with pytest.raises(Unreachable, match="pooler in transaction mode"):
                await db.must_be_sessions()
        for one in others:
            one.cancel()
        await asyncio.wait(others)
        await db.close()


async def test_a_pooler_that_changes_its_mode_makes_a_running_bot_not_ready(database: str, tmp_path: Path) -> None:
    async with pooled(database, "session") as pooler, living(pooler.url, tmp_path) as world:
        await pooler.changes_to("transaction")
        async with asyncio.timeout(60):
            while (seen := await health(world))[0] == 200:
                pass
        assert seen[0] == 503 and "pooler in transaction mode" in seen[1]


async def test_rounds_stop_while_a_pooler_is_in_transaction_mode_and_resume_afterwards(
    database: str, tmp_path: Path
) -> None:
    async with pooled(database, "session") as pooler, living(pooler.url, tmp_path) as world:
        await ask(world, "eve", "/incident declare P1 Payments failing")
        await pooler.changes_to("transaction")
        await until(lambda: is_suspended(world, True))
        world.clock.move(timedelta(minutes=15))
        url = f"http://127.0.0.1:{world.app.port}/alerts/generic"
        async with aiohttp.ClientSession() as session, session.post(url, json={"title": "x"}) as refused:
            assert refused.status == 503
        world.app.doors.scheduler.wake()
        await until(lambda: is_quiet(world))
        assert [len(world.pages_of(name)) for name in ("ada", "ben")] == [1, 0]

        await pooler.changes_to("session")
        await until(lambda: is_suspended(world, False))
        world.app.doors.scheduler.wake()
        await until(lambda: is_paged(world, "ben"))


async def test_while_sessions_are_mixed_up_people_are_told_that_nothing_was_recorded_and_whom_to_call(
    database: str, tmp_path: Path
) -> None:
    async with pooled(database, "session") as pooler, living(pooler.url, tmp_path) as world:
        await ask(world, "eve", "/incident declare P1 Payments failing")
        await pooler.changes_to("transaction")
        await until(lambda: is_suspended(world, True))
        before = len(await stored(world))

        answer = await world.eve.types("/incident declare P1 Another one")
        assert answer.error is None
        said = words_of(answer.messages[0])
        assert "Nothing was recorded: a pooler in transaction mode stands before my database" in said
        assert "Ada Obi +447700900001" in said
        pressed = await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        assert pressed.error is None
        await world.workspace.until(lambda: told_privately(world))
        assert len(await stored(world)) == before

        await pooler.changes_to("session")
        await until(lambda: is_suspended(world, False))
        assert "declared as P1" in await ask(world, "eve", "/incident declare P1 Another one")
        assert await count(world) == 2


def told_privately(world: World) -> bool:
    """Has Ada been told by direct message, in reply to the button of her page?"""
    return any("Nothing was recorded" in words_of(one) for one in world.workspace.direct_messages("ada"))


async def is_suspended(world: World, expected: bool) -> bool:
    return bool(world.house.duty.is_suspended) is expected


async def is_quiet(world: World) -> bool:
    return bool(world.app.doors.scheduler.is_quiet)


async def is_paged(world: World, name: str) -> bool:
    return bool(world.pages_of(name))


@pytest.mark.parametrize("another", ["SELECT 1 WHERE $1::int = 1 AND $2::int = 2", None])
async def test_a_prepared_statement_of_another_session_is_blamed_on_the_pooler(
    database: str, another: str | None
) -> None:
    db = Database(database)
    await db.open()
    with pytest.raises(Pooled, match="pooler in transaction mode"):
        async with db.transaction() as conn:
            await conn.execute("SELECT 1 WHERE %s::int = 1", [1], prepare=True)
            await conn.execute("DEALLOCATE _pg3_0", prepare=False)
            if another:
                await conn.execute(f"PREPARE _pg3_0 (int, int) AS {another}".encode(), prepare=False)
            await conn.execute("SELECT 1 WHERE %s::int = 1", [1], prepare=True)
    await db.close()


async def test_the_doctor_and_the_shell_name_a_pooler_that_has_no_free_session(database: str, tmp_path: Path) -> None:
    """Such a pooler accepts the connection and then never answers."""
    (tmp_path / "runbook.yml").write_text(RUNBOOK)
    async with pooled(database, "session", sessions=1, waits_s=1) as pooler, connected(pooler.url):
        looked = await tocsin("doctor", at=tmp_path, DATABASE_URL=pooler.url)
        assert looked.code == 1 and "gives no session" in looked.out and "default_pool_size" in looked.out
        typed = await tocsin("status", at=tmp_path, DATABASE_URL=pooler.url)
        assert (typed.code, typed.err.strip()) == (1, "the pooler before the database gives no session")


async def test_waiting_for_a_session_in_vain_is_reported_as_the_pooler_giving_none(database: str) -> None:
    async with pooled(database, "session", sessions=1) as pooler, connected(pooler.url):
        db = Database(pooler.url)
        await db.open()
        with pytest.raises(Unreachable, match="gives no session"):
            async with db.intake():
                pass
        await db.close()


async def test_a_connection_cut_during_a_shell_command_counts_as_an_unreachable_database(database: str) -> None:
    with pytest.raises(Unreachable, match="shut down"):
        async with connected(database) as conn:
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_database_without_a_pooler_passes_the_check_for_sessions(database: str) -> None:
    db = Database(database)
    await db.open()
    await db.must_be_sessions()
    await db.close()
