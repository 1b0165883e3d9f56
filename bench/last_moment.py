"""An acknowledgement at the moment a page leaves: how long after it may that page still start?"""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bench.armed import arm, rooms
from bench.fleet import Fleet, Receiver, fleet
from bench.machine import machine
from bench.stage import free_port
from bench.storm import ladder_of
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.store.queries import Queries

SQL = Queries(__file__)
INCIDENTS = 160
EVERY = timedelta(milliseconds=250)
BEGIN_AFTER = timedelta(seconds=3)
# The range of times around the due time at which people acknowledge: storing takes a while, longer on a busy machine.
AROUND_MS = (-120, 60)
ANSWERS_AFTER = timedelta(milliseconds=50)
PROCESSES = 2
# How many CPU-bound processes run beside the bot.
BUSY = (0, 2)
GOAL_P99_MS = 50
SEED = 4
# If the database doesn't answer in time because the machine is busy, the bot says so.
REFUSED = "Nothing was recorded"
SETTLES_IN_S = 10
HOW = (
    f"{INCIDENTS} escalations, with one step due every {EVERY.total_seconds() * 1000:.0f} ms, and {PROCESSES} "
    f"processes of the bot. `/escalate ack` for each is typed at a random instant between {-AROUND_MS[0]} ms before "
    f"and {AROUND_MS[1]} ms after its step is due. For pages that still began after the answer: from the commit of "
    "the answer, by PostgreSQL's clock, until the page reaches a webhook receiver. The first column says how many "
    "other processes kept a processor busy beside it."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    for busy in BUSY:
        place = scratch / f"busy-{busy}"
        place.mkdir()
        rows.append(await _row(place, busy))
    columns = ("busy beside it", "answered", "answered that it was not", "not paged any more", "paged before",
               "paged after", "median", "p99", "longest", "goal", "met")  # fmt: skip
    return Table("last_moment", "after an answer", HOW, on, columns, rows)


async def _row(scratch: Path, busy: int) -> tuple[str, ...]:
    settings = {"track_commit_timestamp": "on"}
    async with (
        Receiver(ANSWERS_AFTER).serving() as receiver,
        fleet(scratch, INCIDENTS, receiver, settings=settings) as replicas,
    ):
        for _ in range(PROCESSES):
            await replicas.start(free_port())
        async with _busy(busy):
            answered, refused = await _answer_each(replicas)
        paged = dict(reversed(receiver.arrived))
    after = [
        (paged[one] - at).total_seconds() * 1000 for one, at in answered.items() if one in paged and paged[one] > at
    ]
    never = len(answered.keys() - paged.keys())
    before = len(answered) - never - len(after)
    counts = (str(busy), *map(str, (len(answered), refused, never, before, len(after))))
    late = Spread(after or [0.0])
    figures = (ms(late.median), ms(late.p99), ms(late.longest))
    return *counts, *figures, f"p99 ≤ {GOAL_P99_MS} ms", met(late.p99 <= GOAL_P99_MS)


async def _answer_each(replicas: Fleet) -> tuple[dict[int, datetime], int]:
    """The commit time of each acknowledgement, by person number; and how many were told that nothing was recorded."""
    where = rooms(replicas.workspace, INCIDENTS, "answered")
    now = Clock().machine_now()
    due_at = [now + BEGIN_AFTER + EVERY * number for number in range(INCIDENTS)]
    ids = await arm(replicas.conn, where, now, due_at, [ladder_of(number) for number in range(INCIDENTS)])
    chance = random.Random(SEED)
    instants = [at + timedelta(milliseconds=chance.uniform(*AROUND_MS)) for at in due_at]
    said = await asyncio.gather(*(_answer(replicas, one, at) for one, at in zip(ids, instants, strict=True)))
    # Let pages and acknowledgements that are under way arrive.
    await asyncio.sleep(SETTLES_IN_S)
    found = await SQL.all(replicas.conn, "answers", ids=ids)
    answered = {ids.index(row["incident_id"]): row["at"] for row in found}
    refused = sum(REFUSED in words for number, words in enumerate(said) if number not in answered)
    if lost := INCIDENTS - len(answered) - refused:
        raise RuntimeError(f"{lost} answers were neither recorded nor refused")
    return answered, refused


async def _answer(replicas: Fleet, incident: int, at: datetime) -> str:
    """The answer to the person who acknowledged."""
    await asyncio.sleep((at - Clock().machine_now()).total_seconds())
    return str((await replicas.workspace.person("ada").types(f"/escalate ack INC-{incident}")).body)


@asynccontextmanager
async def _busy(count: int) -> AsyncIterator[None]:
    """Keep this many CPUs busy while the block runs."""
    counting = [sys.executable, "-c", "while True: pass"]
    processes = [await asyncio.create_subprocess_exec(*counting) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        await asyncio.gather(*(process.wait() for process in processes))
