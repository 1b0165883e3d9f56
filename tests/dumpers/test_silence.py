"""A server that hangs is given up in every stage, and what was begun is ended."""

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
    """As a process whose disk does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_server_that_hangs_is_hung_up_on_and_named_by_what_it_was_asked(guarded: Guarded) -> None:
    conn = await connect(a_backup(guarded.database()))
    with frozen(conn.info.backend_pid):
        with pytest.raises(Unanswered, match=r"counting the rows of public\.orders took longer than 0\.1 s"):
            async with hung_up_on(conn, 0.1, "counting the rows of public.orders"):
                await conn.execute("SELECT 1")
        await conn.close()


async def test_a_server_that_answers_in_time_is_not_hung_up_on(guarded: Guarded) -> None:
    async with await connect(a_backup(guarded.database())) as conn:
        async with hung_up_on(conn, 60, "asking"):
            await conn.execute("SELECT 1")
        assert (await (await conn.execute("SELECT 2")).fetchone()) == (2,)


async def test_a_count_whose_server_hangs_does_not_hold_whoever_gives_the_backup_up(guarded: Guarded) -> None:
    backup = a_backup(guarded.database())
    await pg.equip(backup, TOOLS)
    tally = Tally()
    snapshot = await Snapshot.taken(backup, tally)
    with frozen(snapshot.backend_pid):
        snapshot.count()
        await asyncio.sleep(0)
        await snapshot.close()
    assert tally.counts is None


async def test_a_program_that_says_nothing_any_more_is_given_up() -> None:
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


async def test_whoever_is_fed_is_not_silent() -> None:
    """Longer in all than it may be silent."""
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
    """As a machine that runs out of memory does, once the program has begun."""
    while not (found := [one for one in psutil.Process().children() if one.name() == name]):
        await asyncio.to_thread(os.sched_yield)
    found[0].kill()


async def test_a_program_that_was_killed_is_told_as_that_and_what_it_read_is_not_called_damaged(
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


async def test_a_connection_that_nobody_waits_for_any_more_keeps_nobody_from_dropping_a_database(
    guarded: Guarded,
) -> None:
    """A server lets nobody drop one while it waits for somebody's password, for a minute."""
    backup = a_backup(guarded.database())
    guarded.tell("CREATE DATABASE doomed")
    # As an error keeps what was being done when it arose.
    kept: list[asyncio.Task[object]] = []
    with psycopg.connect(guarded.entrance, autocommit=True) as conn:
        for _ in range(30):
            kept.append(asyncio.ensure_future(connect(backup)))
            for _ in range(len(kept) % 10):
                await asyncio.sleep(0)
            kept[-1].cancel()
            await asyncio.wait([kept[-1]])
        starting = b"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'starting'"
        # The server itself hangs up on such a one after a minute.
        async with asyncio.timeout(30):
            await until_none(lambda: conn.execute(starting).fetchone() == (0,))
    guarded.tell("DROP DATABASE doomed")


async def until_none(is_over: Callable[[], bool]) -> None:
    while not is_over():
        await asyncio.to_thread(os.sched_yield)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a program ends when it writes to nobody")
async def test_programs_end_when_the_bot_is_killed() -> None:
    """One that waits for its server, and has nobody to write to."""
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
