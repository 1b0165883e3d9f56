"""When a post-mortem is owed, and why."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from bot.domain.incidents.incident import Incident

ReasonKind = Literal["severity", "length", "word", "promise", "objective", "loss"]


@dataclass(frozen=True)
class Reason:
    """`about`: the severity, the word found, the scenario, or the database. `lasted` and `limit`: the durations that
    decided; for a loss, the work lost and the loss allowed."""

    kind: ReasonKind
    about: str
    lasted_s: float | None = None
    limit_s: float | None = None

    @property
    def lasted(self) -> timedelta:
        return timedelta(seconds=self.lasted_s or 0)

    @property
    def limit(self) -> timedelta:
        return timedelta(seconds=self.limit_s or 0)


@dataclass(frozen=True)
class Rules:
    """The runbook's rules for incidents of one severity. `longer_than` None: no limit.

    `also_for`: words that make one due at any severity. `resolve_promise_missed`: the resolution target, if missed.
    `objectives`: (scenario, recovery time). `losses`: (database, work lost, loss allowed) for each one restored from a
    backup.
    """

    required: bool = False
    longer_than: timedelta | None = None
    also_for: Sequence[str] = ()
    resolve_promise_missed: timedelta | None = None
    objectives: Sequence[tuple[str, timedelta]] = ()
    losses: Sequence[tuple[str, timedelta, timedelta]] = ()


def reasons(incident: Incident, lasted: timedelta, rules: Rules) -> list[Reason]:
    """Why this resolved incident owes a post-mortem; empty: it does not. Drills never do."""
    if incident.drill or incident.is_test_page:
        return []
    return list(_reasons(incident, lasted, rules))


def _reasons(incident: Incident, lasted: timedelta, rules: Rules) -> Iterator[Reason]:
    seconds = lasted.total_seconds()
    if rules.required:
        yield Reason("severity", incident.severity)
    if rules.longer_than is not None and lasted > rules.longer_than:
        yield Reason("length", incident.severity, seconds, rules.longer_than.total_seconds())
    said = " ".join(words_of(incident))
    for word in rules.also_for:
        if names(said, word):
            yield Reason("word", word)
    if rules.resolve_promise_missed is not None:
        yield Reason("promise", incident.severity, seconds, rules.resolve_promise_missed.total_seconds())
    for scenario, rto in rules.objectives:
        if lasted > rto and names(said, scenario):
            yield Reason("objective", scenario, seconds, rto.total_seconds())
    for database, lost, rpo in rules.losses:
        if lost > rpo:
            yield Reason("loss", database, lost.total_seconds(), rpo.total_seconds())


def words_of(incident: Incident) -> Iterable[str]:
    """Everything people said about it."""
    told = [value for value in incident.facts.values() if isinstance(value, str)]
    return [incident.title, incident.impact or "", incident.summary or "", *told]


def names(said: str, words: str) -> bool:
    """Whether `said` contains each of these words, singular or plural, ignoring case."""
    return all(re.search(rf"\b{re.escape(word.removesuffix('s'))}", said, re.IGNORECASE) for word in words.split())
