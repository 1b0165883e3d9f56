"""The CPU time of a rehearsal once its stage is ready, in Python and in PostgreSQL."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.machine import machine
from bench.table import Table, met
from bot import logs
from bot.rehearsal.judging import judge
from bot.rehearsal.play import played, usual_beginning
from bot.rehearsal.stage import staged
from bot.runbook import load as load_runbook
from bot.scenarios import load
from bot.shipped import shipped_runbook, shipped_scenarios
from bot.store.embedded import throwaway
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.example import own_database

HOUR = Path(__file__).with_name("rehearsal.yml")
GOAL_S = 2.0
TIMES = 3
AWAY = "slack-is-away"
HOW = (
    "Processor seconds from when the stage is ready (database, schema, simulated Slack, bot) until everything has "
    f"happened: the median of {TIMES} runs. Python's share includes the simulated world. Goal: an hour with 20 pages "
    f"in {GOAL_S:.0f} s."
)


@dataclass(frozen=True)
class Spent:
    """CPU seconds."""

    python: float
    postgresql: float

    @classmethod
    def by_now(cls) -> "Spent":
        own = psutil.Process()
        mine, servers = own.cpu_times(), [one.cpu_times() for one in own.children(recursive=True)]
        # The CPU time of server processes that have ended is included in their parent's.
        theirs = sum(one.user + one.system + one.children_user + one.children_system for one in servers)
        return cls(mine.user + mine.system, theirs)

    @property
    def both(self) -> float:
        return self.python + self.postgresql

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.python - other.python, self.postgresql - other.postgresql)


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    logs.configure(level="ERROR")
    server = EmbeddedPostgres(scratch, settings=throwaway.SETTINGS)
    try:
        url = await server.start()
        paths = (HOUR, shipped_scenarios()[AWAY])
        rows = [await _row(path, url, scratch) for path in paths]
    finally:
        await server.stop()
    columns = ("scenario", "simulated", "pages", "Python", "PostgreSQL", "both", "goal", "met")
    return Table("rehearse", "a rehearsal, after its start", HOW, on, columns, rows)


async def _row(path: Path, server: str, scratch: Path) -> tuple[str, ...]:
    scenario = load(path).scenario
    taken = [await _played(path, await own_database(server), scratch) for _ in range(TIMES)]
    pages, spent = sorted(taken, key=lambda one: one[1].both)[TIMES // 2]
    goal = (f"≤ {GOAL_S:.0f} s", met(spent.both <= GOAL_S)) if path == HOUR else ("", "")
    seconds = (f"{one:.2f} s" for one in (spent.python, spent.postgresql, spent.both))
    return scenario.title, f"{scenario.span.total_seconds() / 60:.0f} min", str(pages), *seconds, *goal


async def _played(path: Path, database: str, scratch: Path) -> tuple[int, Spent]:
    """The number of pages, and the CPU time."""
    scenario = load(path).scenario
    runbook = load_runbook(shipped_runbook(scenario.runbook or "") or path, {})
    begins = scenario.begins_in(runbook.timezone, usual_beginning(runbook))
    async with staged(runbook, begins, database=database, folder=scratch) as stage:
        before = Spent.by_now()
        facts = await played(stage, scenario, begins)
        spent = Spent.by_now() - before
    if not all(judge(wish, facts, begins, runbook).is_met for wish in scenario.expect):
        raise RuntimeError(f"{path.name} does not pass")
    return sum(fact.kind == "paged" for fact in facts), spent
