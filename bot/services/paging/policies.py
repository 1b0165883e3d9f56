"""Snapshots of a severity's ladder: whom it promised to page and how, so that a runbook edit takes nobody out of it."""

from collections.abc import Container, Iterable, Iterator
from typing import Any

from bot.domain.paging.escalation import Policy, Step
from bot.runbook import Person, Runbook, Schedule, Severity, Tier


def policy_of(runbook: Runbook, severity: Severity) -> Policy:
    """A snapshot of the current runbook: the steps, their tiers, these tiers' schedules, and everybody in them."""
    escalation = severity.escalation
    steps = tuple(Step(step.page, step.wait, runbook.tiers[step.page].again) for step in escalation.steps)
    tiers = {step.tier: runbook.tiers[step.tier] for step in steps}
    schedules = {key: runbook.schedules[key] for key in _named(tiers.values(), "schedule")}
    turns = [key for schedule in schedules.values() for key in schedule.people]
    people = dict.fromkeys([*_named(tiers.values(), "person"), *turns])
    return Policy(
        steps,
        escalation.repeat,
        escalation.stops_on,
        {key: tier.model_dump(mode="json", exclude_none=True) for key, tier in tiers.items()},
        {key: schedule.model_dump(mode="json", exclude_none=True) for key, schedule in schedules.items()},
        {key: _as_kept(runbook.people[key]) for key in people},
        runbook.hours_of(severity),
    )


def tier_of(policy: Policy, key: str) -> Tier:
    """The tier as it was when the ladder began."""
    return Tier.model_validate(policy.tiers[key])


def schedule_of(policy: Policy, key: str) -> Schedule | None:
    """The schedule as it was when the ladder began; None if the ladder does not use it."""
    return Schedule.model_validate(policy.schedules[key]) if key in policy.schedules else None


def person_of(policy: Policy, key: str) -> Person | None:
    """The person's contacts as they were when the ladder began; None if the ladder does not name them."""
    return Person.model_validate(policy.people[key]) if key in policy.people else None


def strangers(policy: Policy, known: Container[str]) -> Iterator[Person]:
    """People in the ladder's snapshot who are not `known`."""
    return (Person.model_validate(kept) for key, kept in policy.people.items() if key not in known)


def _as_kept(person: Person) -> dict[str, Any]:
    """The person as stored in the snapshot: with the webhook's full address, which is masked everywhere else."""
    kept = person.model_dump(mode="json", exclude_none=True, exclude={"webhook", "availability"})
    return kept | ({"webhook": person.webhook.reveal()} if person.webhook else {})


def _named(tiers: Iterable[Tier], kind: str) -> Iterator[str]:
    return (entry.key for tier in tiers for entry in tier.who if entry.kind == kind)
