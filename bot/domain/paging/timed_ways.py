"""Ways that wait: each is used so long after its step, unless somebody has answered."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.paging.escalation import BY_HAND, Policy
from bot.domain.paging.page import Page, Via
from bot.domain.people.working_hours import WorkingHours, begins_after, between, opening

AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Later:
    """A way that is used so long after the step."""

    via: Via
    after: timedelta


def waits_for(waits: Mapping[Via, timedelta], usable: Collection[Via]) -> dict[Via, timedelta]:
    """By what somebody is paged, and how long after the step; `usable`: by what they can be reached at all.

    Whoever can be reached by none of the ways that are used at once is paged by all the others at once: to reach them
    matters more than to spare them.
    """
    found = {via: wait for via, wait in waits.items() if via in usable}
    spares = AT_ONCE in found.values() or AT_ONCE not in waits.values()
    return found if spares else dict.fromkeys(found, AT_ONCE)


def put_off(to_come: Iterable[Page], until: datetime, policy: Policy) -> dict[int, datetime]:
    """When these are sent that wait for their time, by number, if none is before `until`: as far apart as before."""
    waiting = list(to_come)
    first = min((page.due_at for page in waiting), default=until)
    # Whoever was called by hand is paged at any hour.
    hours = {page.id: None if page.step == BY_HAND else policy.hours for page in waiting}
    return {page.id: max(page.due_at, _moved(page, hours[page.id], first, until)) for page in waiting}


def _moved(page: Page, hours: WorkingHours | None, first: datetime, until: datetime) -> datetime:
    """As long after `until` as it was to be after `first`; a night between them counts neither here nor there."""
    return begins_after(hours, opening(hours, until), between(hours, first, page.due_at))


def after_snooze(page: Page, policy: Policy, until: datetime) -> datetime:
    """When this one is sent that was about to leave and is held until then. Whoever was called by hand is paged at any
    hour."""
    return until if page.step == BY_HAND else policy.begins(until)


def missed_its_hours(page: Page, policy: Policy, now: datetime) -> datetime | None:
    """When a page is sent instead that waited for its time, in working hours, and could not leave before they were
    over; None: now."""
    hours = policy.hours
    if not hours or page.planned_at is None or page.step == BY_HAND or opening(hours, page.due_at) != page.due_at:
        return None
    begins = opening(hours, now)
    return begins if begins > now else None
