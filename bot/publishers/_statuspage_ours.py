"""Recognises our incidents at statuspage.io, by the metadata we write into each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.updates.update import Update
from bot.publishers import Publication

# The key of our entry in an incident's metadata.
OURS = "tocsin"
NAME_LENGTH = 255


@dataclass(frozen=True)
class Known:
    """An incident there that is ours: its id, the last update written to it, and the component states that update
    set."""

    id: str
    update: str | None = None
    components: Mapping[str, str] = field(default_factory=dict)


def ours_in(incident: Mapping[str, Any]) -> Mapping[str, Any]:
    """Our entry in the incident's metadata; empty if the incident isn't ours."""
    metadata = incident.get("metadata")
    ours = metadata.get(OURS) if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else {}


def known_in(incidents: Sequence[Mapping[str, Any]], publication: Publication) -> Known | None:
    """The newest incident there for this publication's subject. The API lists the newest first."""
    found = (one for one in incidents if ours_in(one).get("reference") == publication.thread)
    return next((known_as(str(one["id"]), one) for one in found), None)


def known_as(id: str, there: Mapping[str, Any]) -> Known:
    """`there`: the incident as read; empty if it couldn't be found."""
    ours = ours_in(there)
    components = ours.get("components")
    return Known(id, ours.get("update"), components if isinstance(components, dict) else {})


def besides(incidents: Sequence[Mapping[str, Any]], known: Known | None) -> list[Mapping[str, Any]]:
    return [one for one in incidents if not known or one.get("id") != known.id]


def written(publication: Publication, components: Mapping[str, str]) -> dict[str, Any]:
    """The metadata by which it is found again. `components`: the state it gives each while it is open."""
    update = {"reference": publication.thread, "update": key_of_update(publication.update)}
    return {OURS: {**update, "components": dict(components)}}


def key_of_update(update: Update) -> str:
    return f"{update.id}.{update.created_at.timestamp():.0f}"
