"""Members of a private incident: the people who declared it, work on it, were paged for it or were added."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incidents.incident import Incident

# Whether two names, such as a runbook key and a Slack id, are the same person.
Same = Callable[[str, str], bool]


@dataclass(frozen=True)
class ByHand:
    """The latest manual change of a person's membership; `is_in` False: removed."""

    person: str
    is_in: bool
    changed_at: datetime


@dataclass(frozen=True)
class Paged:
    """The last time somebody was paged for it."""

    person: str
    at: datetime


@dataclass(frozen=True)
class Membership:
    """An incident's members at one instant. `removed`: former members."""

    members: tuple[str, ...]
    removed: tuple[str, ...]


def membership(incident: Incident, by_hand: Iterable[ByHand], paged: Iterable[Paged], same: Same) -> Membership:
    """Somebody removed stays out until added again, or paged for it again."""
    changes, calls = list(by_hand), list(paged)
    removed = [
        one.person
        for one in changes
        if not one.is_in and not any(same(one.person, call.person) and call.at > one.changed_at for call in calls)
    ]
    involved = [incident.declared_by, incident.acknowledged_by, incident.resolved_by, *incident.roles.values()]
    named = [*involved, *(call.person for call in calls), *(one.person for one in changes if one.is_in)]
    members: list[str] = []
    for name in named:
        if name and not any(same(name, other) for other in (*removed, *members)):
            members.append(name)
    return Membership(tuple(members), tuple(removed))
