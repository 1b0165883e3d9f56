"""How a drill went: who answered, which pages nobody answered, and which targets were met."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from bot.domain.incidents.deadline import Deadline, DeadlineKind
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page


class Entry(Protocol):
    """An entry of a timeline."""

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor(self) -> str: ...


@dataclass(frozen=True)
class GameDayReport:
    """`answers`: who acknowledged and when, in order. `unanswered`: people whose page was accepted at that time and
    whose step nobody answered. `waits`: the intervals from the declaration over each update to the end."""

    incident: Incident
    answers: Sequence[tuple[str, datetime]]
    unanswered: Sequence[tuple[str, datetime]]
    kept: Mapping[DeadlineKind, bool]
    update_every: timedelta | None
    waits: Sequence[timedelta]

    @property
    def answered_by(self) -> list[str]:
        """Who answered, each once, in order. If nobody acknowledged, whoever took the lead or resolved it."""
        pressed = list(dict.fromkeys(who for who, _ in self.answers))
        return pressed or [who for who in (self.incident.acknowledged_by or self.incident.resolved_by,) if who]

    @property
    def waits_in_time(self) -> int:
        return sum(self.update_every is not None and wait <= self.update_every for wait in self.waits)


def report_of(
    incident: Incident,
    ended_at: datetime,
    timeline: Sequence[Entry],
    pages: Iterable[Page],
    deadlines: Mapping[DeadlineKind, Deadline],
    update_every: timedelta | None,
) -> GameDayReport:
    answers = [(entry.actor, entry.at) for entry in timeline if entry.kind == "acknowledged"]
    updates = [entry.at for entry in timeline if entry.kind == "update"]
    done: dict[DeadlineKind, datetime | None] = {"respond": incident.first_acknowledged_at, "resolve": ended_at}
    kept = {kind: (at := done[kind]) is not None and at <= one.by for kind, one in deadlines.items()}
    instants = pairwise([incident.declared_at, *updates, ended_at])
    waits = [until - since for since, until in instants]
    return GameDayReport(incident, answers, _unanswered(pages, answers), kept, update_every, waits)


def _unanswered(pages: Iterable[Page], answers: Sequence[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    steps: dict[tuple[int, int, int], dict[str, datetime]] = {}
    for page in pages:
        if page.accepted_at is not None:
            paged = steps.setdefault((page.run, page.loop, page.step), {})
            paged[page.person] = min(page.accepted_at, paged.get(page.person, page.accepted_at))
    left = [
        (at, person)
        for paged in steps.values()
        if not any(who in paged and paged[who] <= when for who, when in answers)
        for person, at in paged.items()
    ]
    return [(person, at) for at, person in sorted(left)]
