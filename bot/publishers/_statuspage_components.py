"""What becomes of the components of a page at statuspage.io when several incidents concern the same ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.publishers._statuspage_ours import ours_in
from bot.runbook.audiences import COMPONENT_STATES, Component, ComponentState

OPERATIONAL = "operational"
UNDER_MAINTENANCE = "under_maintenance"
# Of a severity by its rank, the gravest first; also of those after the third.
BY_RANK: tuple[ComponentState, ...] = ("major_outage", "partial_outage", "degraded_performance")


def by_rank(components: Mapping[str, Component], rank: int) -> dict[str, str]:
    """What an open incident makes of each: what the runbook says, else what its severity is."""
    usual = BY_RANK[min(rank, len(BY_RANK) - 1)]
    return {id: one.down or usual for id, one in components.items()}


def while_open(own: Mapping[str, str], others: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The worst that any open incident makes of it."""
    return {id: _worst(state, *_held(id, others)) for id, state in own.items()}


def at_the_end(ids: Sequence[str], others: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Set back to work, or to what other open incidents make of it. What somebody else's concerns stays as it is."""
    theirs = {id for id in ids for one in others if not ours_in(one) and id in _states(one)}
    return {id: _worst(OPERATIONAL, *_held(id, others)) for id in ids if id not in theirs}


def _held(id: str, others: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each other incident makes of it: ours say so themselves, of others it is what the component shows."""
    found = [ours_in(one).get("components", {}) if ours_in(one) else _states(one) for one in others]
    return [states[id] for states in found if isinstance(states, dict) and id in states]


def _states(incident: Mapping[str, Any]) -> dict[str, str]:
    listed = incident.get("components")
    return {
        str(one.get("id")): str(one.get("status"))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    }


def _worst(*states: str) -> str:
    known = [one for one in states if one in COMPONENT_STATES]
    return max(known, key=COMPONENT_STATES.index, default=OPERATIONAL)
