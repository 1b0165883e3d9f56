"""Contacts that nobody has confirmed: the person was asked by a test page, and has not said that it came."""

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
    """`error`: why the provider did not take the test page; None: it did, or has not said. `has_changed`: what was
    confirmed is not the contact that the runbook has now."""

    person: Person
    via: Via
    asked_at: datetime
    error: str | None
    has_changed: bool


def is_kept_true(runbook: Runbook) -> bool:
    """Is there work in the runbook that asks people to confirm how they are reached?"""
    return any(one.proved_by and one.proved_by.kind == "contacts" for one in runbook.maintenance.tasks)


def to_be_confirmed(runbook: Runbook, ready: Collection[Via]) -> dict[tuple[str, Via], Person]:
    """Each person of a tier with each way by which it pages them, of those that are set up and reach a person."""
    return {
        (person.key, via): person
        for tier in runbook.tiers.values()
        for via in tier.waits
        for person in everybody(runbook, tier)
        if via in ready and ways()[via].reaches(person) and not ways()[via].is_shared
    }


def unconfirmed(runbook: Runbook, ready: Collection[Via], asked: Iterable[Asked]) -> list[Unconfirmed]:
    """In the order of the tiers; nothing where the runbook asks nobody. Who was never asked is no gap."""
    return list(_found(runbook, ready, asked)) if is_kept_true(runbook) else []


def is_still(person: Person, one: Asked) -> bool:
    """Does the runbook still have the contact that was asked about? Who has no Slack id is looked up by email."""
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
