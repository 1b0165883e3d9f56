"""A step of a ladder on its way: that it is to be taken, and where it leads."""

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
    """A step that is to be taken now, and how it is told. `due_at` is when its time came. `again`: these people of the
    last step are paged once more; None: the next one is taken."""

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
        """Somebody asks for it, at any hour."""
        return self.actor.name != TOCSIN.name

    @property
    def is_the_first(self) -> bool:
        return (self.escalation.loop, self.escalation.step) == (0, 0)

    @property
    def has_waited(self) -> bool:
        """Has the ladder begun only now, with the working hours?"""
        planned_at = self.escalation.planned_at
        first = self.is_the_first and self.again is None
        return first and planned_at is not None and planned_at < self.due_at


@dataclass(frozen=True)
class StepPlan:
    """Where a due step leads, and whom it pages; nobody when the ladder has come to its end.

    `passed_over`: which tiers were, and why.
    """

    due: DueStep
    move: Climb
    tier: Tier | None
    drafts: Sequence[PageDraft]
    passed_over: Sequence[str]


@dataclass(frozen=True)
class Callout:
    """Whom somebody pages by hand, beside the ladder; `tier` None: one person."""

    tier: Tier | None
    people: Sequence[str]
    drafts: list[PageDraft]
