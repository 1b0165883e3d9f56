"""Plays scripts one after another, each with an empty database on one server."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.domain.errors import Failed
from bot.rehearsal.acting import Actor
from bot.rehearsal.facts import Fact, Kind
from bot.rehearsal.judging import Outcome, judge
from bot.rehearsal.stage import Stage, staged
from bot.runbook import Runbook
from bot.scenarios import Scenario, Script, declared_as
from bot.store.embedded import throwaway
from bot.store.embedded.server import EmbeddedPostgres
from bot.store.example import own_database

# A normal Tuesday afternoon; later, if a schedule begins later.
USUAL_DAY, USUAL_WEEKDAY, USUAL_TIME = datetime(2026, 1, 6), 1, time(14)  # noqa: DTZ001 - in the runbook's zone
# What reaches people is noted where it arrives, not from the timeline.
SEEN_ELSEWHERE = frozenset({"paged", "escalated", "told"})
OF_THEIR_OWN: Mapping[str, Kind] = {"declared": "declared", "acknowledged": "acknowledged", "resolved": "resolved"}


@dataclass(frozen=True)
class Rehearsal:
    """What happened, in order, and the outcome of each expectation."""

    name: str
    scenario: Scenario
    runbook: Runbook
    begins: datetime
    ends: datetime
    facts: tuple[Fact, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def succeeded(self) -> bool:
        """All expectations were met, and every deed of the script could be done."""
        return all(one.is_met for one in self.outcomes) and not self.undone

    @property
    def undone(self) -> tuple[Fact, ...]:
        return tuple(one for one in self.facts if one.kind == "undone")


class Hall:
    """Where rehearsals are played. `opened` starts a temporary database server and discards it at the end."""

    def __init__(self, folder: Path, new_database: Callable[[], Awaitable[str]]) -> None:
        """`new_database` creates an empty database and returns its URL."""
        self._folder = folder
        self._new_database = new_database

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator["Hall"]:
        """Raises Failed if no server can be started here."""
        folder = _new_folder()
        server = EmbeddedPostgres(folder, settings=throwaway.SETTINGS)
        try:
            yield cls(folder, partial(own_database, await server.start()))
        finally:
            await server.stop()
            shutil.rmtree(folder, ignore_errors=True)

    async def play(self, script: Script, runbook: Runbook) -> Rehearsal:
        """Raises RunbookMistakes if the script doesn't fit the runbook, Failed if the bot can't be started or doesn't
        settle."""
        script.must_fit(runbook)
        scenario = script.scenario
        begins = scenario.begins_in(runbook.timezone, usual_beginning(runbook))
        database = await self._new_database()
        async with staged(runbook, begins, database=database, folder=self._folder) as stage:
            try:
                facts = await played(stage, scenario, begins)
            except TimeoutError as error:
                raise Failed("the bot did not come to rest within a minute: is this machine very busy?") from error
        outcomes = tuple(judge(one, facts, begins, runbook) for one in scenario.expect)
        return Rehearsal(script.name, scenario, runbook, begins, stage.clock.now(), tuple(facts), outcomes)


def _new_folder() -> Path:
    """A folder that the server's account can enter, where that is an account of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-rehearsal-", dir=throwaway.quickest_place()))
    folder.chmod(0o711)
    return folder


async def played(stage: Stage, scenario: Scenario, begins: datetime) -> list[Fact]:
    """Everything that happened, in order."""
    actor = Actor(stage)
    steps = sorted(scenario.script, key=lambda step: step.at)
    for at, together in itertools.groupby(steps, key=lambda step: step.at):
        await stage.until(begins + at)
        for step in together:
            await actor.does(step)
            await stage.settled()
    await stage.until(begins + scenario.span)
    facts = [*actor.facts, *stage.watch.facts, *_written(await stage.incidents())]
    return sorted(facts, key=lambda fact: fact.rank)


def _written(incidents: Iterable[Mapping[str, Any]]) -> list[Fact]:
    """The facts in the timelines. A declaration has the severity with which it was declared."""
    return [fact for incident in incidents for fact in _entries(incident)]


def _entries(incident: Mapping[str, Any]) -> Iterator[Fact]:
    changes = [entry["text"] for entry in incident["timeline"] if entry["kind"] == "severity"]
    first = declared_as(incident["severity"], changes)
    for entry in incident["timeline"]:
        if entry["kind"] in SEEN_ELSEWHERE:
            continue
        kind = OF_THEIR_OWN.get(entry["kind"], "entry")
        severity = first if kind == "declared" else incident["severity"]
        at, who = datetime.fromisoformat(entry["at"]), (entry["actor"],)
        yield Fact(at, kind, entry["text"], who=who, severity=severity, incident=incident["ref"])


def usual_beginning(runbook: Runbook) -> datetime:
    """The first Tuesday afternoon at which every schedule has begun."""
    begun = max([USUAL_DAY.date(), *(one.starts for one in runbook.schedules.values() if one.starts)])
    day = begun + timedelta(days=(USUAL_WEEKDAY - begun.weekday()) % 7)
    return datetime.combine(day, USUAL_TIME, runbook.timezone)
