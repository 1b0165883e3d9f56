"""Phases of an incident, named after the milestone they begin with."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Protocol, TypeVar

from bot.domain.incidents.milestones import MILESTONES, Milestone, Milestones


class Dated(Protocol):
    @property
    def at(self) -> datetime: ...


One = TypeVar("One", bound=Dated)


def phase_of(at: datetime, milestones: Milestones) -> Milestone | None:
    """The latest milestone reached by then; None: before the start."""
    reached = [name for name in MILESTONES if (when := milestones.at(name)) is not None and when <= at]
    return reached[-1] if reached else None


def by_phase(entries: Iterable[One], milestones: Milestones) -> list[tuple[Milestone | None, Sequence[One]]]:
    """The entries grouped by phase, in order, without empty phases."""
    runs = groupby(entries, lambda entry: phase_of(entry.at, milestones))
    return [(phase, list(run)) for phase, run in runs]
