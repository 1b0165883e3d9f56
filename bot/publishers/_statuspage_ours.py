"""What of a page at statuspage.io is ours: each incident of ours there says so in its metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.updates.update import Update
from bot.publishers import Publication

# What we write into the metadata of an incident, and find there.
OURS = "tocsin"
NAME_LENGTH = 255


@dataclass(frozen=True)
class Known:
    """An incident there that is ours: its id, the update that was written last, and what that made of components."""

    id: str
    update: str | None = None
    components: Mapping[str, str] = field(default_factory=dict)


def ours_in(incident: Mapping[str, Any]) -> Mapping[str, Any]:
    """What we have written into its metadata; empty when it is somebody else's."""
    metadata = incident.get("metadata")
    ours = metadata.get(OURS) if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else {}


def known_in(incidents: Sequence[Mapping[str, Any]], publication: Publication) -> Known | None:
    """The newest that this is about, which stands first."""
    found = (one for one in incidents if ours_in(one).get("reference") == publication.thread)
    return next((known_as(str(one["id"]), one) for one in found), None)


def known_as(id: str, there: Mapping[str, Any]) -> Known:
    """`there`: what was read of it; empty: nothing."""
    ours = ours_in(there)
    components = ours.get("components")
    return Known(id, ours.get("update"), components if isinstance(components, dict) else {})


def besides(incidents: Sequence[Mapping[str, Any]], known: Known | None) -> list[Mapping[str, Any]]:
    return [one for one in incidents if not known or one.get("id") != known.id]


def written(publication: Publication, components: Mapping[str, str]) -> dict[str, Any]:
    """Metadata by which it is found again. `components`: what it makes of each while it goes on."""
    update = {"reference": publication.thread, "update": key_of_update(publication.update)}
    return {OURS: {**update, "components": dict(components)}}


def key_of_update(update: Update) -> str:
    return f"{update.id}.{update.created_at.timestamp():.0f}"
