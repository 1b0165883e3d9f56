"""Who may see a private incident: who declared it, works on it, was paged for it or was added to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incidents.incident import Incident

# Whether two names are the same person: a runbook key and a Slack id may be.
Same = Callable[[str, str], bool]


@dataclass(frozen=True)
class ByHand:
    """The latest change of one person's membership by hand; not `is_in`: they were removed."""

    person: str
    is_in: bool
    changed_at: datetime


@dataclass(frozen=True)
class Paged:
    """When somebody was paged for it last."""

    person: str
    at: datetime


@dataclass(frozen=True)
class Membership:
    """Of one incident, at one moment. `removed` is who was a member and is none any more."""

    members: tuple[str, ...]
    removed: tuple[str, ...]


def membership(incident: Incident, by_hand: Iterable[ByHand], paged: Iterable[Paged], same: Same) -> Membership:
    """Whoever was removed is out until somebody adds them, or they are paged for it again."""
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
