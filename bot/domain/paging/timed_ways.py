"""Ways that wait: each is used a set time after its step, unless somebody has answered."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.paging.escalation import BY_HAND, Policy
from bot.domain.paging.page import Page, Via
from bot.domain.people.working_hours import WorkingHours, begins_after, between, opening

AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Later:
    """A way used `after` the step."""

    via: Via
    after: timedelta


def waits_for(waits: Mapping[Via, timedelta], usable: Collection[Via]) -> dict[Via, timedelta]:
    """The ways to page somebody by, with the wait of each after the step; `usable`: those that can reach them at all.

    If no immediate way can reach them, the others are used at once: reaching a person matters more than sparing them.
    """
    found = {via: wait for via, wait in waits.items() if via in usable}
    spares = AT_ONCE in found.values() or AT_ONCE not in waits.values()
    return found if spares else dict.fromkeys(found, AT_ONCE)


def put_off(to_come: Iterable[Page], until: datetime, policy: Policy) -> dict[int, datetime]:
    """New due times by page id for pages still to come, none before `until` and spaced as before."""
    waiting = list(to_come)
    first = min((page.due_at for page in waiting), default=until)
    # Calls by hand ignore working hours.
    hours = {page.id: None if page.step == BY_HAND else policy.hours for page in waiting}
    return {page.id: max(page.due_at, _moved(page, hours[page.id], first, until)) for page in waiting}


def _moved(page: Page, hours: WorkingHours | None, first: datetime, until: datetime) -> datetime:
    """A new due time, as long after `until` as it was after `first`, counting working hours only."""
    return begins_after(hours, opening(hours, until), between(hours, first, page.due_at))


def after_snooze(page: Page, policy: Policy, until: datetime) -> datetime:
    """When to send a page held by a snooze until `until`. Calls by hand ignore working hours."""
    return until if page.step == BY_HAND else policy.begins(until)


def missed_its_hours(page: Page, policy: Policy, now: datetime) -> datetime | None:
    """The new due time of a page that fell due in working hours and could not leave before they ended; None: send it
    now."""
    hours = policy.hours
    if not hours or page.planned_at is None or page.step == BY_HAND or opening(hours, page.due_at) != page.due_at:
        return None
    begins = opening(hours, now)
    return begins if begins > now else None
