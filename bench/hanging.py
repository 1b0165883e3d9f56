"""Many people paged at the same moment by two providers each, one of which may hang."""

from datetime import timedelta
from pathlib import Path

from bench.armed import arm, rooms
from bench.fleet import Receiver, fleet
from bench.machine import machine
from bench.stage import free_port
from bench.table import Spread, Table, met, ms
from bot.clock import Clock
from bot.domain.paging.escalation import Policy, Step

PEOPLE = 300
ANSWERS_AFTER = timedelta(milliseconds=100)
HANGS_FOR_S = 3600.0
BEGIN_AFTER = timedelta(seconds=3)
GOAL_TIMES = 1.2
WAIT = timedelta(hours=1)
# One Slack account for all: only the provider matters here, not the person.
PERSON = '  p{number}: {{name: "Person {number}", slack: U0ADA, webhook: "http://127.0.0.1:{port}/p{number}"}}'
HOW = (
    f"{PEOPLE} escalations whose next step is due at the same instant, each for a different person, paged in Slack "
    "and by webhook: from that instant until the page reaches the webhook receiver. First both answer after "
    f"{ANSWERS_AFTER.total_seconds() * 1000:.0f} ms; then Slack takes every call and answers none. Goal: a p99 at "
    f"most {GOAL_TIMES:g} times as long."
)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    usual_place, hanging_place = _places(scratch)
    usual = await _lateness(usual_place, hangs=False)
    hanging = await _lateness(hanging_place, hangs=True)
    goal = f"p99 ≤ {GOAL_TIMES:g} × {ms(usual.p99)}"
    rows = [
        _row("answers", usual, "", ""),
        _row("hangs", hanging, goal, met(hanging.p99 <= GOAL_TIMES * usual.p99)),
    ]
    columns = ("Slack", "pages by webhook", "median", "p99", "longest", "goal", "met")
    return Table("hanging", "beside a provider that hangs", HOW, on, columns, rows)


def _places(scratch: Path) -> list[Path]:
    """A folder per run."""
    places = [scratch / "usual", scratch / "hanging"]
    for place in places:
        place.mkdir()
    return places


async def _lateness(scratch: Path, *, hangs: bool) -> Spread:
    async with (
        Receiver(ANSWERS_AFTER).serving() as receiver,
        fleet(scratch, PEOPLE, receiver, person=PERSON) as replicas,
    ):
        await replicas.start(free_port())
        where = rooms(replicas.workspace, PEOPLE, "hanging")
        answers_after_s = HANGS_FOR_S if hangs else ANSWERS_AFTER.total_seconds()
        replicas.workspace.faults.hang("*", answers_after_s, times=None)
        now = Clock().machine_now()
        due_at = now + BEGIN_AFTER
        await arm(replicas.conn, where, now, [due_at] * PEOPLE, [_ladder_of(number) for number in range(PEOPLE)])
        await receiver.until_arrived(PEOPLE)
    return Spread([(at - due_at).total_seconds() * 1000 for _, at in receiver.arrived])


def _row(slack: str, late: Spread, goal: str, is_met: str) -> tuple[str, ...]:
    return slack, str(len(late.durations_ms)), ms(late.median), ms(late.p99), ms(late.longest), goal, is_met


def _ladder_of(number: int) -> dict[str, object]:
    """Two steps; the second pages this person by both ways."""
    ways = ["slack", "webhook"]
    tiers = {key: {"key": key, "name": key, "who": [f"p{number}"], "via": ways} for key in ("first", "second")}
    return Policy((Step("first", WAIT), Step("second", WAIT)), 0, "acknowledged", tiers).as_json()
