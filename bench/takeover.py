"""How long it takes until another process has taken over the claims of a killed one."""

import signal
from datetime import timedelta
from pathlib import Path

from bench.armed import arm, rooms
from bench.fleet import Receiver, fleet
from bench.machine import machine
from bench.stage import free_port
from bench.storm import ladder_of
from bench.table import Spread, Table, met
from bot.clock import Clock
from bot.services.outbox.leases import TAKEN_OVER_AFTER

PAGES = 20
NEVER = timedelta(hours=1)
ALLOWED = TAKEN_OVER_AFTER + timedelta(seconds=1)
HOW = (
    f"A process is killed (`-9`) while {PAGES} of its pages are being sent to a provider that never answers it; a "
    "second process, which had no part in them, runs beside it. From the kill until each page arrives a second time. "
    "A process's work is taken over when it has given no sign of life for "
    f"{TAKEN_OVER_AFTER.total_seconds():.0f} s. Goal: that plus 1 s."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    async with Receiver(NEVER).serving() as receiver, fleet(scratch, PAGES, receiver) as replicas:
        await replicas.start(free_port())
        await replicas.start(free_port())
        replicas.tell(1, signal.SIGSTOP)
        where = rooms(replicas.workspace, PAGES, "takeover")
        now = Clock().machine_now()
        await arm(replicas.conn, where, now, [now] * PAGES, [ladder_of(number) for number in range(PAGES)])
        await receiver.until_arrived(PAGES)
        killed_at = Clock().machine_now()
        replicas.tell(0, signal.SIGKILL)
        replicas.tell(1, signal.SIGCONT)
        await receiver.until_arrived(2 * PAGES)
    again = receiver.arrived[PAGES:]
    late = Spread([(at - killed_at).total_seconds() for _, at in again])
    everybody = {number for number, _ in again} == set(range(PAGES))
    is_met = everybody and late.longest <= ALLOWED.total_seconds()
    times = (f"{late.median:.1f} s", f"{late.longest:.1f} s", f"≤ {ALLOWED.total_seconds():.0f} s")
    row = (str(PAGES), str(len(again)), *times, met(is_met))
    columns = ("in hand", "taken over", "median", "longest", "goal", "met")
    return Table("takeover", "the work of a killed process", HOW, on, columns, [row])
