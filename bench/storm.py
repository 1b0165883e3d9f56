"""Many people to be paged at the same moment, by one process and by several."""

from datetime import timedelta
from pathlib import Path

from bench.armed import arm, rooms
from bench.fleet import Receiver, fleet
from bench.machine import machine
from bench.stage import free_port
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.domain.paging.escalation import Policy, Step

PEOPLE = 500
PROCESSES = (1, 3)
GOAL_PROCESSES = 3
ANSWERS_AFTER = timedelta(milliseconds=200)
BEGIN_AFTER = timedelta(seconds=3)
GOAL_P99_MS = 1500
WAIT = timedelta(hours=1)
HOW = (
    f"{PEOPLE} escalations whose next step is due at the same instant, each for a different person: from that "
    "instant until the page reaches the provider, a webhook receiver that answers after "
    f"{ANSWERS_AFTER.total_seconds() * 1000:.0f} ms. Each step also posts in a room, edits the card and invites."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    rows = []
    for processes in PROCESSES:
        place = scratch / f"storm-{processes}"
        place.mkdir()
        rows.append(await _row(place, processes))
    columns = ("processes", "pages", "sent twice", "median", "p99", "longest", "goal", "met")
    return Table("storm", "many due at one instant", HOW, on, columns, rows)


async def _row(scratch: Path, processes: int) -> tuple[str, ...]:
    async with Receiver(ANSWERS_AFTER).serving() as receiver, fleet(scratch, PEOPLE, receiver) as replicas:
        for _ in range(processes):
            await replicas.start(free_port())
        where = rooms(replicas.workspace, PEOPLE, "storm")
        now = Clock().machine_now()
        due_at = now + BEGIN_AFTER
        await arm(replicas.conn, where, now, [due_at] * PEOPLE, [ladder_of(number) for number in range(PEOPLE)])
        await receiver.until_arrived(PEOPLE)
    late = Spread([(at - due_at).total_seconds() * 1000 for _, at in receiver.arrived])
    twice = len(receiver.arrived) - len({number for number, _ in receiver.arrived})
    figures = (str(processes), str(len(receiver.arrived)), str(twice), ms(late.median), ms(late.p99), ms(late.longest))
    if processes != GOAL_PROCESSES:
        return *figures, "", ""
    return *figures, f"p99 ≤ {GOAL_P99_MS:,} ms", met(late.p99 <= GOAL_P99_MS and not twice)


def ladder_of(number: int) -> dict[str, object]:
    """Two steps; the second pages this person by webhook."""
    tiers = {key: {"key": key, "name": key, "who": [f"p{number}"], "via": ["webhook"]} for key in ("first", "second")}
    return Policy((Step("first", WAIT), Step("second", WAIT)), 0, "acknowledged", tiers).as_json()
