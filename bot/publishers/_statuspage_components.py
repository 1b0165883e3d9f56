"""Computes the state of components at statuspage.io when several incidents affect the same ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.publishers._statuspage_ours import ours_in
from bot.runbook.audiences import COMPONENT_STATES, Component, ComponentState

OPERATIONAL = "operational"
UNDER_MAINTENANCE = "under_maintenance"
# By the severity's rank, gravest first; the last one also for all further ranks.
BY_RANK: tuple[ComponentState, ...] = ("major_outage", "partial_outage", "degraded_performance")


def by_rank(components: Mapping[str, Component], rank: int) -> dict[str, str]:
    """The state an open incident gives each component: the runbook's, otherwise the one for its severity."""
    usual = BY_RANK[min(rank, len(BY_RANK) - 1)]
    return {id: one.down or usual for id, one in components.items()}


def while_open(own: Mapping[str, str], others: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The worst state that any open incident gives each component."""
    return {id: _worst(state, *_held(id, others)) for id, state in own.items()}


def at_the_end(ids: Sequence[str], others: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Set components back to operational, or to what our other open incidents make of them. Components of somebody
    else's incident are left alone."""
    theirs = {id for id in ids for one in others if not ours_in(one) and id in _states(one)}
    return {id: _worst(OPERATIONAL, *_held(id, others)) for id in ids if id not in theirs}


def _held(id: str, others: Sequence[Mapping[str, Any]]) -> list[str]:
    """The state each other incident gives this component. Ours record it in their metadata; for others, it's the state
    shown."""
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
