"""A hanging server is given up at every stage, and whatever was started is stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.dumpers import Tally
from bot.dumpers import postgresql as pg
from bot.dumpers import postgresql_restore as pg_restore
from bot.dumpers._postgresql import connect, hung_up_on
from bot.dumpers._postgresql_snapshot import Snapshot
from bot.dumpers._programs import StallLimit, base_environment, end, feed, pieces_of, start
from tests.dumpers.conftest import a_backup
from tests.dumpers.test_postgresql import TOOLS
from tests.guarded import USER, Guarded

PIPE = asyncio.subprocess.PIPE


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stops a process, as one whose disk does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_hanging_server_is_disconnected_and_reported_with_what_it_was_asked(guarded: Guarded) -> None:
    conn = await connect(a_backup(guarded.database()))
    with frozen(conn.info.backend_pid):
        with pytest.raises(Unanswered, match=r"counting the rows of public\.orders took longer than 0\.1 s"):
            async with hung_up_on(conn, 0.1, "counting the rows of public.orders"):
                await conn.execute("SELECT 1")
        await conn.close()


async def test_a_server_that_answers_in_time_is_not_disconnected(guarded: Guarded) -> None:
    async with await connect(a_backup(guarded.database())) as conn:
        async with hung_up_on(conn, 60, "asking"):
            await conn.execute("SELECT 1")
        assert (await (await conn.execute("SELECT 2")).fetchone()) == (2,)


async def test_cancelling_a_backup_does_not_wait_for_a_count_on_a_hanging_server(guarded: Guarded) -> None:
    backup = a_backup(guarded.database())
    await pg.equip(backup, TOOLS)
    tally = Tally()
    snapshot = await Snapshot.taken(backup, tally)
    with frozen(snapshot.backend_pid):
        snapshot.count()
        await asyncio.sleep(0)
        await snapshot.close()
    assert tally.counts is None


async def test_a_program_that_goes_silent_is_given_up() -> None:
    program = await start(
        Path(sys.executable), "-c", "import time; print('x', flush=True); time.sleep(600)",
        env=base_environment(), stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert program.stdout
    pieces = pieces_of(program.stdout, StallLimit("it", 0.3))
    assert await anext(pieces) == b"x\n"
    with pytest.raises(Unanswered, match="it has been silent"):
        await anext(pieces)
    await end(program)


async def test_a_program_that_is_reading_input_does_not_count_as_silent() -> None:
    """Its input takes longer in total than the silence limit."""
    silence = StallLimit("it", 0.5)
    program = await start(
        Path(sys.executable), "-c", "import sys; sys.stdin.buffer.read()",
        env=base_environment(), stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert program.stdin

    async def slowly() -> AsyncGenerator[bytes, None]:
        for _ in range(8):
            await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.1)
            yield b"x"

    async with silence.limited():
        await feed(program.stdin, slowly(), silence.heard)
        await program.wait()
    assert program.returncode == 0


async def kill(name: str) -> None:
    """Kills the program once it has started, as an out-of-memory killer does."""
    while not (found := [one for one in psutil.Process().children() if one.name() == name]):
        await asyncio.to_thread(os.sched_yield)
    found[0].kill()


async def test_a_killed_program_is_reported_as_killed_and_its_input_not_called_damaged(
    guarded: Guarded,
) -> None:
    backup = a_backup(guarded.database().replace(USER, "postgres"))
    equipment = await pg.equip(backup, TOOLS)
    whole = [piece async for piece in pg.dump(backup, equipment, Tally())]

    async def cut_off(name: str) -> AsyncGenerator[bytes, None]:
        yield b"".join(whole)[:1000]
        await kill(name)

    with pytest.raises(Unanswered, match=r"it was ended from outside .* runs out of memory"):
        await pg.count(cut_off("pg_restore"), TOOLS)
    able = await pg_restore.ready(backup, TOOLS, {})
    with pytest.raises(Rejected, match="pg_restore: it was ended from outside"):
        await pg_restore.fill(backup, "tocsin_filled", cut_off("pg_restore"), able)
    await pg_restore.drop(backup, "tocsin_filled")
    with psycopg.connect(guarded.address("orders")) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        dump = pg.dump(backup, equipment, Tally())
        dumping = asyncio.ensure_future(anext(dump))
        await kill("pg_dump")
        with pytest.raises(Unreachable, match="pg_dump: it was ended from outside"):
            await dumping


async def test_an_abandoned_connection_attempt_does_not_block_dropping_the_database(
    guarded: Guarded,
) -> None:
    """While a server waits for a password, up to a minute, the database cannot be dropped."""
    backup = a_backup(guarded.database())
    guarded.tell("CREATE DATABASE doomed")
    # As a traceback keeps the frames of what was being done.
    kept: list[asyncio.Task[object]] = []
    with psycopg.connect(guarded.entrance, autocommit=True) as conn:
        for _ in range(30):
            kept.append(asyncio.ensure_future(connect(backup)))
            for _ in range(len(kept) % 10):
                await asyncio.sleep(0)
            kept[-1].cancel()
            await asyncio.wait([kept[-1]])
        starting = b"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'starting'"
        # By itself, the server would disconnect it after a minute.
        async with asyncio.timeout(30):
            await until_none(lambda: conn.execute(starting).fetchone() == (0,))
    guarded.tell("DROP DATABASE doomed")


async def until_none(is_over: Callable[[], bool]) -> None:
    while not is_over():
        await asyncio.to_thread(os.sched_yield)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a program ends when it writes to nobody")
async def test_programs_exit_when_the_bot_is_killed() -> None:
    """One waits for its server, with nobody reading its output."""
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c",
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from bot.dumpers._programs import base_environment, start\n"
        "async def main():\n"
        "    code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(600)'\n"
        "    nothing = dict(stdin=-3, stdout=-3, stderr=-3)\n"
        "    child = await start(Path(sys.executable), '-c', code, env=base_environment(), **nothing)\n"
        "    print(child.pid, flush=True)\n"
        "    await child.wait()\n"
        "asyncio.run(main())\n",
        stdout=PIPE,
    )  # fmt: skip
    assert bot.stdout
    child = psutil.Process(int(await bot.stdout.readline()))
    while child.name() == "setpriv":
        await asyncio.to_thread(os.sched_yield)
    bot.kill()
    await bot.wait()
    await asyncio.to_thread(psutil.wait_procs, [child], 10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
