"""A due step of a ladder, and the plan of where it leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.actor import TOCSIN, Actor
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import Climb
from bot.domain.paging.page import PageDraft
from bot.runbook import Tier
from bot.store.paging.escalations import Escalation


@dataclass(frozen=True)
class DueStep:
    """A step to take now, and how to report it. `due_at`: when its time came. `again`: page these people of the last
    step once more; None: take the next step."""

    incident: Incident
    escalation: Escalation
    due_at: datetime
    reason: str | None = None
    actor: Actor = TOCSIN
    unreached: bool = False
    silent: bool = False
    again: Sequence[str] | None = None

    @property
    def is_by_hand(self) -> bool:
        """Whether somebody asked for it; then working hours do not apply."""
        return self.actor.name != TOCSIN.name

    @property
    def is_the_first(self) -> bool:
        return (self.escalation.loop, self.escalation.step) == (0, 0)

    @property
    def has_waited(self) -> bool:
        """Whether this is the ladder's first step and it waited for working hours to begin."""
        planned_at = self.escalation.planned_at
        first = self.is_the_first and self.again is None
        return first and planned_at is not None and planned_at < self.due_at


@dataclass(frozen=True)
class StepPlan:
    """Where a due step leads and whom it pages; `tier` None: the ladder is at its end, so nobody.

    `passed_over`: one sentence for each tier skipped, with the reason.
    """

    due: DueStep
    move: Climb
    tier: Tier | None
    drafts: Sequence[PageDraft]
    passed_over: Sequence[str]


@dataclass(frozen=True)
class Callout:
    """Whom somebody pages by hand, beside the ladder; `tier` None: a single person."""

    tier: Tier | None
    people: Sequence[str]
    drafts: list[PageDraft]
