"""Gaps in paging: who would not be paged although the runbook says so, found before an incident finds them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from bot.domain.paging.page import Via
from bot.pagers import ways
from bot.runbook import Person, Runbook, Tier
from bot.settings import Settings


@dataclass(frozen=True)
class Gap:
    """An empty tier, a way that is not set up, or a person without a contact for a way.

    `own number`: the person's phone number is the one we text and call from.
    """

    tier: Tier
    kind: Literal["nobody", "not set up", "no contact", "own number"]
    via: Via | None = None
    person: Person | None = None
    needs: str = ""

    @property
    def is_of_runbook(self) -> bool:
        """Whether it is a gap in the runbook itself, rather than in this environment."""
        return self.kind != "not set up"


def gaps(runbook: Runbook, ready: Collection[Via], *, own_number: str | None = None) -> list[Gap]:
    """Every gap, tier by tier, including everybody in a rotation: each will be on call one day.

    `own_number`: the number we text and call from.
    """
    return [gap for tier in runbook.tiers.values() for gap in _of_tier(runbook, tier, ready, own_number)]


def ready_ways(settings: Settings) -> frozenset[Via]:
    """The ways this environment has credentials for."""
    return frozenset(via for via, way in ways().items() if way.is_set_up(settings))


def _of_tier(runbook: Runbook, tier: Tier, ready: Collection[Via], own_number: str | None) -> list[Gap]:
    people = everybody(runbook, tier)
    if not people:
        return [Gap(tier, "nobody")]
    wanted = {via: ways()[via] for via in tier.waits}
    unready = [Gap(tier, "not set up", via, needs=way.credentials) for via, way in wanted.items() if via not in ready]
    unreachable = [
        Gap(tier, "no contact", via, person, " or ".join(way.contacts))
        for via, way in wanted.items()
        for person in people
        if not way.reaches(person)
    ]
    ourselves = [
        Gap(tier, "own number", via, person)
        for via, way in wanted.items()
        for person in people
        if "phone" in way.contacts and person.phone and person.phone == own_number
    ]
    return unready + unreachable + ourselves


def everybody(runbook: Runbook, tier: Tier) -> list[Person]:
    """Everybody who may ever be in this tier, each once."""
    keys: dict[str, None] = {}
    for entry in tier.who:
        keys |= dict.fromkeys(runbook.schedules[entry.key].people if entry.kind == "schedule" else [entry.key])
    return [runbook.people[key] for key in keys]
