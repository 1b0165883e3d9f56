"""Ways that wait: each is used so long after its step, unless somebody has answered."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.paging.page import Via

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
