"""A procedure under way: its steps as they were when it began, what was done about them, and where that leaves it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

TickDeed = Literal["done", "skipped", "answered", "approved", "proved"]

# What an answer says that has nothing to say: the next step shows it.
ONWARD = re.compile(r"(?:continue|carry on|go on|proceed)(?: (?:to|with) the next step)?|(?:the )?next step", re.I)


@dataclass(frozen=True)
class Step:
    """`answers` of a question, in their order; none: something to do. Of the facts and `approve` at most one is set.

    `backup` is the key, `younger_than_s` how old its last good dump may be, in seconds. `approve` is who has to agree,
    as the runbook writes it: `tier/lead`.
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
        """What this answer says; None: nothing but that the next step follows."""
        words = self.answers[answer]
        return None if ONWARD.fullmatch(words.strip(" .")) else words

    @property
    def is_proved(self) -> bool:
        """The bot ticks it, and nobody else."""
        return bool(self.check or self.backup or self.incident)


@dataclass(frozen=True)
class Tick:
    """One thing that was done about a step. `number` counts those of a run from 0, also what was undone.

    `said`: the answer, why it was skipped, or the evidence. `leads_to`: the step at which an answer goes on, the number
    of steps meaning the end; `opens`: the procedure it goes on in. Both None: the next step. `by`: a runbook key, else
    a Slack id, or `tocsin`; `account`: their Slack id, where it was known.
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
    """`changed_at`: when it last went on. `due_at`: when the bot looks again whether the step before it can be proved;
    None: it is a person's turn. `ended_at`: None while steps are left. `outdated_at`: since when the runbook has other
    steps, as far as the last process to start knows."""

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
        """Of the next tick."""
        return len(self.ticks)

    @property
    def said(self) -> str | None:
        """What the last answer says is to be done before the next step; None = it only leads on, or was no answer."""
        last = next((tick for tick in reversed(self.ticks) if not tick.undone_at), None)
        if last is None or last.deed != "answered" or last.opens is not None or last.leads_to is not None:
            return None
        return self.steps[last.step].to_do_when(last.said or "")

    @property
    def undoable(self) -> Tick | None:
        """The last thing a person has done and nobody has undone."""
        return next((tick for tick in reversed(self.ticks) if not tick.undone_at and not tick.is_ours), None)


@dataclass(frozen=True)
class Standing:
    """`current`: the step that comes next; None: none is left. `ticks` by step: what closed it. `approval`: that of the
    current step. `opened`: the procedure in which it goes on."""

    current: int | None
    ticks: Mapping[int, Tick]
    approval: Tick | None = None
    opened: str | None = None

    @property
    def is_over(self) -> bool:
        return self.current is None


def standing_of(steps: Sequence[Step], ticks: Sequence[Tick]) -> Standing:
    """What all that was done, and not undone, comes to. An answer that leads back opens what it leads back to again."""
    current, closed, approval, opened = 0, dict[int, Tick](), None, None
    for tick in (one for one in ticks if not one.undone_at):
        if tick.deed == "approved":
            approval = tick
            continue
        closed[tick.step], approval, opened = tick, None, tick.opens
        current = len(steps) if tick.opens else tick.step + 1 if tick.leads_to is None else tick.leads_to
        closed = {step: one for step, one in closed.items() if step < current or tick.opens}
    return Standing(current if current < len(steps) else None, closed, approval, opened)
