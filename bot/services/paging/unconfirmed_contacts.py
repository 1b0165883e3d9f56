"""Unconfirmed contacts: people were sent a test page and have not confirmed that it arrived."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.paging.confirmation import Asked
from bot.domain.paging.page import Via
from bot.pagers import ways
from bot.runbook import Person, Runbook
from bot.services.paging.gaps import everybody


@dataclass(frozen=True)
class Unconfirmed:
    """`error`: why the provider did not accept the test page; None: it did, or has not answered. `has_changed`: the
    runbook's contact is no longer the one that was confirmed."""

    person: Person
    via: Via
    asked_at: datetime
    error: str | None
    has_changed: bool


def is_kept_true(runbook: Runbook) -> bool:
    """Whether the runbook has recurring work that asks people to confirm how they are reached."""
    return any(one.proved_by and one.proved_by.kind == "contacts" for one in runbook.maintenance.tasks)


def to_be_confirmed(runbook: Runbook, ready: Collection[Via]) -> dict[tuple[str, Via], Person]:
    """Each person of a tier with each way that pages them, if the way is set up and reaches them personally."""
    return {
        (person.key, via): person
        for tier in runbook.tiers.values()
        for via in tier.waits
        for person in everybody(runbook, tier)
        if via in ready and ways()[via].reaches(person) and not ways()[via].is_shared
    }


def unconfirmed(runbook: Runbook, ready: Collection[Via], asked: Iterable[Asked]) -> list[Unconfirmed]:
    """In tier order; empty if the runbook asks nobody. Never having been asked is not a gap."""
    return list(_found(runbook, ready, asked)) if is_kept_true(runbook) else []


def is_still(person: Person, one: Asked) -> bool:
    """Whether the runbook still has the contact asked about; somebody without a Slack id is looked up by email."""
    address = person.webhook.shown if person.webhook else None
    known = {person.email, person.phone, person.slack, address}
    return one.contact in known or (one.via == "slack" and person.slack is None)


def _found(runbook: Runbook, ready: Collection[Via], asked: Iterable[Asked]) -> Iterator[Unconfirmed]:
    last = {(one.person, one.via): one for one in asked}
    for wanted, person in to_be_confirmed(runbook, ready).items():
        one = last.get(wanted)
        if one is None or (one.confirmed_at and is_still(person, one)):
            continue
        error = (one.error or "no test page could be sent") if one.is_lost else None
        yield Unconfirmed(person, one.via, one.asked_at, error, one.confirmed_at is not None)
