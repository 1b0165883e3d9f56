"""A procedure run: its steps as of its beginning, what was done about them, and its state."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

TickDeed = Literal["done", "skipped", "answered", "approved", "proved"]

# Answers that say no more than the next step shows.
ONWARD = re.compile(r"(?:continue|carry on|go on|proceed)(?: (?:to|with) the next step)?|(?:the )?next step", re.I)


@dataclass(frozen=True)
class Step:
    """`answers`: of a question, in order; empty: something to do. At most one of the facts and `approve` is set.

    `backup`: its key; `younger_than_s`: maximum age of its last good dump, in seconds. `approve`: who has to agree, as
    in the runbook: `tier/lead`.
    """

    text: str
    run: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    check: str | None = None
    backup: str | None = None
    younger_than_s: float | None = None
    incident: str | None = None
    approve: str | None = None

    @property
    def is_question(self) -> bool:
        return bool(self.answers)

    @property
    def younger_than(self) -> timedelta:
        return timedelta(seconds=self.younger_than_s or 0)

    def to_do_when(self, answer: str) -> str | None:
        """What this answer says to do; None: just go on."""
        words = self.answers[answer]
        return None if ONWARD.fullmatch(words.strip(" .")) else words

    @property
    def is_proved(self) -> bool:
        """Only the bot ticks it."""
        return bool(self.check or self.backup or self.incident)


@dataclass(frozen=True)
class Tick:
    """One thing done about a step. `number`: within the run from 0, including those undone.

    `said`: the answer, the reason for skipping, or the evidence. `leads_to`: index of the step an answer leads to, the
    number of steps meaning the end; `opens`: the procedure it leads to. Both None: the next step. `by`: a runbook key,
    else a Slack id, or `tocsin`; `account`: their Slack id, if known.
    """

    number: int
    step: int
    deed: TickDeed
    by: str
    at: datetime
    said: str | None = None
    leads_to: int | None = None
    opens: str | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None
    account: str | None = None

    @property
    def is_ours(self) -> bool:
        return self.deed == "proved"


@dataclass(frozen=True)
class Run:
    """`changed_at`: the last progress. `due_at`: when the bot checks again whether the current step is proved; None: it
    is a person's turn. `ended_at` None: steps are left. `outdated_at`: since when the runbook's steps differ, according
    to the process started last."""

    id: int
    incident_id: int
    key: str
    title: str
    steps: Sequence[Step]
    started_by: str
    started_at: datetime
    changed_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    outdated_at: datetime | None = None
    ticks: Sequence[Tick] = ()

    @property
    def standing(self) -> "Standing":
        return standing_of(self.steps, self.ticks)

    @property
    def next_number(self) -> int:
        """The number of the next tick."""
        return len(self.ticks)

    @property
    def said(self) -> str | None:
        """What the last answer said to do before the next step; None: it only leads on, or there was none."""
        last = next((tick for tick in reversed(self.ticks) if not tick.undone_at), None)
        if last is None or last.deed != "answered" or last.opens is not None or last.leads_to is not None:
            return None
        return self.steps[last.step].to_do_when(last.said or "")

    @property
    def undoable(self) -> Tick | None:
        """The last thing a person did that has not been undone."""
        return next((tick for tick in reversed(self.ticks) if not tick.undone_at and not tick.is_ours), None)


@dataclass(frozen=True)
class Standing:
    """`current`: the next step; None: none left. `ticks` by step: what closed each. `approval`: for the current step.
    `opened`: the procedure it goes on with."""

    current: int | None
    ticks: Mapping[int, Tick]
    approval: Tick | None = None
    opened: str | None = None

    @property
    def is_over(self) -> bool:
        return self.current is None


def standing_of(steps: Sequence[Step], ticks: Sequence[Tick]) -> Standing:
    """Replay everything done and not undone. An answer that leads back reopens the steps from there."""
    current, closed, approval, opened = 0, dict[int, Tick](), None, None
    for tick in (one for one in ticks if not one.undone_at):
        if tick.deed == "approved":
            approval = tick
            continue
        closed[tick.step], approval, opened = tick, None, tick.opens
        current = len(steps) if tick.opens else tick.step + 1 if tick.leads_to is None else tick.leads_to
        closed = {step: one for step, one in closed.items() if step < current or tick.opens}
    return Standing(current if current < len(steps) else None, closed, approval, opened)
